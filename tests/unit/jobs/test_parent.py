import os
import signal
import subprocess
import sys
import time

import pytest

from smug.jobs import parent

#: A shell that stays between Snakemake and a job, as it does in the workflow.
STARTS_A_JOB = """
import subprocess, sys, time
job = "import time; from smug.jobs.parent import end_with_parent; end_with_parent(); \\
print('ready', flush=True); time.sleep(600); print('not ended by another')"
shell = f'export SMUG_PARENT=$PPID; {sys.executable} -c "{job}"; echo'
subprocess.run(["bash", "-c", shell])
"""


@pytest.fixture
def snakemake():
    process = subprocess.Popen(
        [sys.executable, "-c", STARTS_A_JOB], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "ready\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_job_ends_with_the_process_it_works_for_and_not_before(snakemake):
    time.sleep(1.5)
    assert snakemake.poll() is None
    snakemake.send_signal(signal.SIGKILL)
    # The pipe is closed when nobody is left to write to it: the job and the shell have ended.
    assert snakemake.stdout.read().strip() == ""


def test_without_a_word_of_a_parent_nobody_is_watched(monkeypatch):
    for value in (None, "", "x"):
        monkeypatch.delenv(parent.VARIABLE, raising=False)
        if value is not None:
            monkeypatch.setenv(parent.VARIABLE, value)
        monkeypatch.setattr(parent.threading, "Thread", None)
        parent.end_with_parent()


@pytest.mark.parametrize("polled", [True, False])
def test_the_end_of_a_process_is_seen(monkeypatch, polled):
    if polled:
        monkeypatch.delattr(os, "pidfd_open", raising=False)
        monkeypatch.setattr(parent, "_PERIOD", 0.05)
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    process.stdin.close()
    if polled:
        process.wait()  # one that nobody has waited for still counts as there
    parent._wait_for(process.pid)
    process.wait()
    parent._wait_for(process.pid)
