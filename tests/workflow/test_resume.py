"""A run that is killed in the middle goes on where it stopped."""

import os
import signal
import subprocess
import time

import numpy as np

TARGET = "results/demo/solve_masks/mnist/main/0.npz"
#: Python imports this at its start: the first process that has written the network to its
#: temporary file waits there, before it gives the file its name.
WAIT_BEFORE_THE_NETWORK_IS_NAMED = """
import os, time
replace = os.replace
def waiting(source, target):
    if str(target).endswith("model.keras") and not os.path.exists("waited"):
        with open("waited", "w") as file:
            file.write(str(os.getpid()))
        time.sleep(3600)
    replace(source, target)
os.replace = waiting
"""


def test_a_run_that_is_killed_while_it_writes_ends_as_one_that_is_not(fresh, finished):
    (fresh.folder / "src" / "sitecustomize.py").write_text(WAIT_BEFORE_THE_NETWORK_IS_NAMED)
    process = subprocess.Popen(
        fresh.command(TARGET),
        cwd=fresh.folder,
        env=fresh.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    _wait_for((fresh.folder / "waited").exists, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    digits = fresh.folder / "results/demo/prepare_mnist/digits.npz"
    written = digits.stat().st_mtime_ns
    (half,) = _hidden_files(fresh)
    assert half.parent == fresh.folder / "results/demo/train_mnist/mnist_mlp"
    assert not (half.parent / "model.keras").exists()

    # The killed run held the folder's lock; a user clears it as Snakemake says.
    assert fresh.run("--unlock").returncode == 0
    result = fresh.run(TARGET)
    assert result.returncode == 0, result.stdout + result.stderr
    assert digits.stat().st_mtime_ns == written, "finished work was done again"
    assert _hidden_files(fresh) == []
    with np.load(fresh.folder / TARGET) as ours, np.load(finished.folder / TARGET) as theirs:
        for name in (name for name in theirs if "seconds" not in name):
            np.testing.assert_array_equal(ours[name], theirs[name], err_msg=name)


def test_jobs_end_with_a_snakemake_that_is_killed(fresh):
    (fresh.folder / "src" / "sitecustomize.py").write_text(WAIT_BEFORE_THE_NETWORK_IS_NAMED)
    process = subprocess.Popen(
        fresh.command("results/demo/train_mnist/mnist_mlp/model.keras"),
        cwd=fresh.folder,
        env=fresh.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    waited = fresh.folder / "waited"
    _wait_for(lambda: waited.exists() and waited.read_text(), process)
    process.kill()
    process.wait()
    for _ in range(300):
        if not _lives(int(waited.read_text())):
            return
        time.sleep(0.2)
    raise AssertionError("the job goes on without Snakemake")


def _lives(number):
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True


def _hidden_files(project):
    return [path for path in (project.folder / "results").rglob(".*") if path.is_file()]


def _wait_for(condition, process, seconds=600):
    for _ in range(seconds * 5):
        if condition():
            return
        assert process.poll() is None, "the run ended before it could be killed"
        time.sleep(0.2)
    raise AssertionError("the run did not get as far as writing the network")
