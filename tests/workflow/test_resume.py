"""A run that is killed in the middle goes on where it stopped."""

import os
import signal
import subprocess
import time

from .conftest import TINY

TARGET = "results/demo/solve_masks/mnist/main/0.npz"
# Training takes long enough with this many epochs to be killed in the middle.
SLOW = TINY.replace("mnist:model.epochs=1", "mnist:model.epochs=300")


def test_a_killed_run_is_resumed(fresh):
    process = subprocess.Popen(
        fresh.command(TARGET, override=SLOW),
        cwd=fresh.folder,
        env=fresh.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    log = fresh.folder / "results/demo/logs/train_mnist/mnist_mlp.log"
    _wait_for(lambda: log.exists() and "Epoch 2/" in log.read_text(), process)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    digits = fresh.folder / "results/demo/prepare_mnist/digits.npz"
    written = digits.stat().st_mtime_ns
    assert not (fresh.folder / "results/demo/train_mnist/mnist_mlp/model.keras").exists()

    # The killed run held the folder's lock; a user clears it as Snakemake says.
    assert fresh.run("--unlock").returncode == 0
    result = fresh.run(TARGET)
    assert result.returncode == 0, result.stdout + result.stderr
    assert (fresh.folder / TARGET).exists()
    assert digits.stat().st_mtime_ns == written, "finished work was done again"
    leftovers = [path for path in (fresh.folder / "results").rglob(".*") if path.is_file()]
    assert leftovers == []


def _wait_for(condition, process, seconds=600):
    for _ in range(seconds * 5):
        if condition():
            return
        assert process.poll() is None, "the run ended before it could be killed"
        time.sleep(0.2)
    raise AssertionError("the run did not get as far as training")
