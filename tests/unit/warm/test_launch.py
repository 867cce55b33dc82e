import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from smug.warm import VARIABLE, launch
from smug.warm.__main__ import ask


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


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="forks are for Linux")
def test_a_job_that_waits_for_a_server_that_fails_is_left_to_the_one_that_asked(
    monkeypatch, tmp_path
):
    fails = tmp_path / "python"
    fails.write_text("#!/bin/sh\nread wait < waits\nexit 1\n")
    fails.chmod(0o755)
    os.mkfifo(tmp_path / "waits")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setenv(VARIABLE, "")
    monkeypatch.setattr(launch.sys, "executable", str(fails))
    monkeypatch.setattr(launch.tempfile, "tempdir", str(tmp_path))
    launch.start_server()
    with ThreadPoolExecutor() as others:
        job = others.submit(ask, os.environ[VARIABLE], "tells", [])
        # The job has connected by the time that it is seen to wait.
        with pytest.raises(TimeoutError):
            job.result(timeout=0.5)
        (tmp_path / "waits").write_text("end\n")
        assert job.result(timeout=60) is None
