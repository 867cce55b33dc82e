"""Pairs of models and methods: all of them run, and the page says what they said."""

import importlib.util
import sys
from pathlib import Path

import keras
import pytest

from smug.errors import SmugError
from smug.methods import METHODS

ROOT = Path(__file__).resolve().parents[3]

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="the page is about TensorFlow"
)


@pytest.fixture(scope="module")
def works():
    spec = importlib.util.spec_from_file_location("works", ROOT / "docs/works.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def found(works):
    return works.outcomes()


def test_the_page_says_what_all_pairs_say(works, found):
    works.check(found, works.PATH, works.COMMAND)


def test_gradients_and_subsets_explain_every_kind(works, found):
    for kind in works.KINDS:
        refused = {method for method, why in found[kind.about].items() if why}
        assert not refused & {"gradients", "integrated_gradients", "ggig", "geometric_ensemble"}
        assert "sis" not in refused


def test_smug_refuses_what_has_no_linear_first_layer_and_names_what_explains_it(works, found):
    for kind in works.KINDS:
        row, sequence = (
            found[kind.about],
            any(w in kind.about for w in ("LSTM", "words, attention")),
        )
        assert bool(row["smug"]) == bool(row["smug_base"])
        if sequence:
            assert "integrated_gradients, gradients, ggig, geometric_ensemble or sis" in row["smug"]


def test_every_method_explains_some_kind(found):
    for method in METHODS:
        assert not all(row[method] for row in found.values())


def test_an_old_page_is_named_with_the_command_that_renews_it(works, found, tmp_path):
    page = tmp_path / "works.md"
    said = r"docs/reference/works.md no longer says what works; run: python docs/works.py"
    with pytest.raises(SmugError, match=said):
        works.check(found, page, works.COMMAND)
    page.write_text(works.page(found), "utf-8")
    works.check(found, page, works.COMMAND)
    kind = works.KINDS[0].about
    refused = found | {kind: found[kind] | {"smug": "it is refused | here"}}
    with pytest.raises(SmugError, match=said):
        works.check(refused, page, works.COMMAND)
