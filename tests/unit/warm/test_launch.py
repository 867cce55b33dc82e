import os

import pytest

from smug.warm import VARIABLE, launch


@pytest.mark.parametrize("missing", ["backend", "system"])
def test_no_server_is_started_where_jobs_cannot_be_forks(monkeypatch, missing):
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(launch.subprocess, "Popen", None)
    if missing == "backend":
        monkeypatch.setenv("KERAS_BACKEND", "jax")
    else:
        monkeypatch.delenv("KERAS_BACKEND", raising=False)
        monkeypatch.delattr(os, "pidfd_open", raising=False)
    launch.start_server()
    assert VARIABLE not in os.environ
