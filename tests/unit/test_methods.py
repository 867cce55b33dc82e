"""The registry of methods: what stands in it, and how settings are read without importing."""

import inspect
import subprocess
import sys
from types import NoneType

import pytest

from smug import source
from smug.errors import SmugError
from smug.methods import METHODS, Method, method_settings
from smug.pipeline.method_names import BOXES, VARIANTS, method_name


def test_the_registry_and_its_settings_load_no_tensorflow():
    code = (
        "import sys, smug.methods as m\n"
        "for name in m.METHODS: m.method_settings(name)\n"
        "print({'keras', 'tensorflow', 'scipy', 'matplotlib'} & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"


@pytest.mark.parametrize("name", METHODS)
def test_settings_read_from_the_source_are_those_of_the_function(name):
    function = METHODS[name].load()
    expected = {
        key: parameter.default
        for key, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and key != "return_details"
    }
    assert {key: setting.default for key, setting in method_settings(name).items()} == expected
    assert METHODS[name].name
    assert METHODS[name].about


@pytest.mark.parametrize("name", METHODS)
def test_a_default_is_of_one_of_the_kinds(name):
    for key, setting in method_settings(name).items():
        kind = list if isinstance(setting.default, tuple) else type(setting.default)
        assert kind in setting.kinds, key


def test_kinds_follow_the_annotation():
    assert method_settings("smug")["gamma"].kinds == (float,)
    assert method_settings("smug")["top_k"].kinds == (int, NoneType)
    assert method_settings("smug")["layer"].kinds == (str, NoneType)
    baseline = method_settings("integrated_gradients")["baseline"]
    assert (baseline.default, baseline.kinds) == ("zero", (str, float, list))
    assert method_settings("integrated_gradients")["input_range"].kinds == (list,)
    assert "return_details" not in method_settings("integrated_gradients")


def test_an_unknown_method_is_named():
    with pytest.raises(SmugError, match=r"unknown method 'lime'; known: .*gradcam"):
        method_settings("lime")


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("toy_nowhere:toy", "no module toy_nowhere"),
        ("toy_method:other", "defines no function other"),
        ("toy_method:toy", r"the default of steps is 2 \* 8; write a number"),
        ("toy_method:bare", "steps has no default; give it one"),
    ],
)
def test_an_entry_that_leads_nowhere_is_named(tmp_path, monkeypatch, function, said):
    (tmp_path / "toy_method.py").write_text(
        "def toy(model, x, target, *, steps: int = 2 * 8):\n    return x\n"
        "def bare(model, x, target, *, steps: int):\n    return x\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(METHODS, "toy", Method(function, "Toy", "a toy"))
    source.definition.cache_clear()
    with pytest.raises(SmugError, match=said):
        method_settings("toy")


def test_display_names_come_from_the_registry_and_stand_once():
    assert method_name("smug_base") == "SMUG_base"
    assert method_name("ig_black") == "IG (black)"
    assert method_name("opt_box") == "OptBox"
    assert method_name("mine") == "mine"
    assert not METHODS.keys() & (VARIANTS | BOXES).keys()
