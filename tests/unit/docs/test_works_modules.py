"""Pairs of torch modules and methods: all of them run, and the page says what they said."""

import importlib.util
import sys
from pathlib import Path

import keras
import pytest

pytest.importorskip("torch")
if keras.config.backend() != "torch":
    pytest.skip("torch modules need KERAS_BACKEND=torch", allow_module_level=True)

ROOT = Path(__file__).resolve().parents[3]
ANY = {"integrated_gradients", "gradients", "ggig", "geometric_ensemble", "sis"}


def test_the_page_says_what_all_pairs_say_and_some_methods_explain_every_kind():
    spec = importlib.util.spec_from_file_location("works_modules", ROOT / "docs/works_modules.py")
    modules = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = modules
    spec.loader.exec_module(modules)
    from works import check

    found = modules.outcomes(modules.KINDS)
    check(found, modules.PATH, modules.COMMAND)
    for row in found.values():
        assert not ANY & {method for method, why in row.items() if why}
