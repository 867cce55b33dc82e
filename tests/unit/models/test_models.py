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
@pytest.mark.parametrize("backend", ["jax", "no_such_backend"])
def test_another_backend_is_named_whether_it_is_installed_or_not(code, backend):
    line = said(code, KERAS_BACKEND=backend)
    assert line.startswith(f"smug.errors.SmugError: Keras runs on '{backend}' (KERAS_BACKEND=")
    assert "set KERAS_BACKEND=tensorflow" in line


def test_the_file_that_chooses_the_backend_is_named(tmp_path):
    path = tmp_path / "keras.json"
    path.write_text(json.dumps({"backend": "jax"}))
    assert f"Keras runs on 'jax' ({path})" in said(EXPLAIN, KERAS_HOME=str(tmp_path))


def test_a_missing_tensorflow_is_named():
    hidden = "import importlib.util as u; u.find_spec, real = (lambda n, *a: None if n == "
    hidden += "'tensorflow' else real(n, *a)), u.find_spec\n"
    assert "pip install tensorflow" in said(hidden + "import smug.models")


def test_what_runs_no_network_needs_no_backend():
    code = "import smug, smug.methods as m; print(len(m.method_settings('smug')) > 3)"
    assert said(code, KERAS_BACKEND="jax") == "True"
