import dataclasses
import re

import pytest

from smug.errors import SmugError
from smug.jobs.docstrings import meaning
from smug.jobs.settings.explainers import explainer_schema
from smug.methods import METHODS, Method, method_settings

SETTINGS = [(method, name) for method in METHODS for name in method_settings(method)]
TOY = '''
def other(*, depth: int = 1, seed: int = 0):
    """Other function.

    Parameters
    ----------
    depth, width : int
        Number of ``levels``, see :func:`~far.away.tree` and
        :class:`Tree`.
    seed
        As for :func:`toy`.
    """


def toy(model, x, target, *, depth: int = 1, size: int = 2, seed: int = 0, bare: int = 0):
    """Toy.

    Parameters
    ----------
    model, x, target
    depth
        As for :func:`other`; it runs once.
    size : int, optional
        Size of it.

        In pixels.
    seed
        See :func:`toy_docstrings.other`.

    Returns
    -------
    bare : int
        Nothing.
    """


def silent(*, size: int = 1):
    pass
'''


@pytest.fixture
def toy(tmp_path, monkeypatch):
    (tmp_path / "toy_docstrings.py").write_text(TOY)
    monkeypatch.syspath_prepend(tmp_path)
    return "toy_docstrings:toy"


@pytest.mark.parametrize(("method", "name"), SETTINGS)
def test_every_setting_of_a_method_is_explained_by_a_docstring(method, name):
    assert re.fullmatch(r"[A-Z].{9,}\.", meaning(METHODS[method].function, name) or "")


def test_a_description_is_one_line_of_markdown(toy):
    assert meaning(toy, "size") == "Size of it. In pixels."
    assert meaning("toy_docstrings:other", "width") == "Number of `levels`, see `tree` and `Tree`."


def test_a_description_may_be_that_of_another_function(toy):
    assert meaning(toy, "depth") == meaning("toy_docstrings:other", "depth")
    found = meaning("smug.attribution.smug:smug", "threads")
    assert found == "Threads a solver may use (Z3 always uses one)."


def test_what_no_docstring_explains_has_no_meaning(toy, monkeypatch):
    for name in ("bare", "model", "unknown"):
        assert meaning(toy, name) is None
    # Two that only name each other explain nothing.
    assert meaning(toy, "seed") is None
    assert meaning("toy_docstrings:silent", "size") is None
    with pytest.raises(SmugError, match="defines no function gone"):
        meaning("toy_docstrings:gone", "size")
    monkeypatch.setitem(METHODS, "toy", Method(toy, "Toy", "a toy"))
    fields = {f.name: f.metadata["help"] for f in dataclasses.fields(explainer_schema("toy"))}
    assert fields["size"] == "Size of it. In pixels."
    assert fields["bare"] == "Setting of `toy_docstrings:toy`, which explains it."
