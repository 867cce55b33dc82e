"""The backend of Keras is asked before Keras is imported."""

import json
import os
import subprocess
import sys

import pytest

EXPLAIN = "import numpy, smug; smug.explain(None, numpy.zeros((1, 2)))"


def said(code, **environment):
    """Last line of what Python says about this code in a process of its own."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("KERAS")}
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=kept | environment
    )
    return (found.stdout + found.stderr).strip().splitlines()[-1]


@pytest.mark.parametrize(
    "code", [EXPLAIN, *(f"import smug.{room}" for room in ("metrics.lsc", "models.rewire"))]
)
def test_an_unknown_backend_is_named_with_the_known_ones(code):
    line = said(code, KERAS_BACKEND="no_such_backend")
    assert line.startswith("smug.errors.SmugError: Keras runs on 'no_such_backend' (KERAS_BACKEND=")
    assert "smug needs tensorflow, jax or torch: set KERAS_BACKEND to one of them" in line


def test_the_file_that_chooses_the_backend_is_named(tmp_path):
    path = tmp_path / "keras.json"
    path.write_text(json.dumps({"backend": "no_such_backend"}))
    assert f"Keras runs on 'no_such_backend' ({path})" in said(EXPLAIN, KERAS_HOME=str(tmp_path))


def hidden(*names):
    """Code before which packages seem not to be installed."""
    return (
        f"import importlib.util as u; real = u.find_spec; names = {names}\n"
        "u.find_spec = lambda n, *a: None if n in names else real(n, *a)\n"
    )


@pytest.mark.parametrize("name", ["jax", "torch"])
def test_a_backend_that_is_not_installed_is_named_with_one_that_is(name):
    line = said(hidden(name) + "import smug.models", KERAS_BACKEND=name)
    told = f"{name!r} (KERAS_BACKEND={name}), which is not installed: pip install 'smug[{name}]'"
    assert told in line
    assert line.endswith("or set KERAS_BACKEND=tensorflow, which is installed")


def test_without_any_backend_one_sentence_says_what_to_install(tmp_path):
    line = said(hidden("tensorflow", "jax", "torch") + EXPLAIN, KERAS_HOME=str(tmp_path))
    assert line == (
        "smug.errors.SmugError: Keras runs on 'tensorflow' (default), which is not installed: "
        "pip install 'smug[tensorflow]'"
    )


def test_what_runs_no_network_needs_no_backend():
    code = "import smug, smug.methods as m; print(len(m.method_settings('smug')) > 3)"
    assert said(code, KERAS_BACKEND="jax") == "True"
