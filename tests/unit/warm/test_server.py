"""A real server, with two stages that only the tests know: one that tells, one that never ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from smug.warm import VARIABLE
from smug.warm.__main__ import ask

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="forks are for Linux")

TELLS = """
import os, sys, tempfile
loaded = [name for name in ("keras", "seaborn", "highspy") if name in sys.modules]
def run(main): main()
def main():
    print(sys.argv[1:], os.getcwd(), os.environ.get("ASKED"), loaded, tempfile.gettempdir())
    print("said", file=sys.stderr)
    if sys.argv[1:] == ["wrong"]: sys.exit("tells: wrong")
    if sys.argv[1:] == ["raise"]: raise RuntimeError("not foreseen")
"""
NEVER_ENDS = """
import os, sys, time
def run(main): main()
def main():
    print(os.getpid(), flush=True)
    time.sleep(600)
"""
#: Snakemake's part: it starts a server and lives until its input ends.
STARTS = """
import os
from smug.warm.launch import start_server
start_server()
print(os.environ["SMUG_WARM"], flush=True)
input()
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Folder of the two stages, and of the server's socket."""
    folder = tmp_path_factory.mktemp("warm")
    (folder / "stages").mkdir()
    (folder / "stages" / "tells.py").write_text(TELLS)
    (folder / "stages" / "never_ends.py").write_text(NEVER_ENDS)
    (folder / "sitecustomize.py").write_text(
        f"import smug.stages\nsmug.stages.__path__.append({str(folder / 'stages')!r})\n"
    )
    return folder


@pytest.fixture(scope="module")
def environment(place):
    paths = os.pathsep.join([str(place), os.environ.get("PYTHONPATH", "")])
    return {**os.environ, "PYTHONPATH": paths, "TMPDIR": str(place)}


@pytest.fixture(scope="module")
def starter(environment):
    # The first job comes while the server imports, and waits for it.
    process, socket = start(environment)
    yield process, socket
    process.kill()
    process.communicate()


def start(environment):
    """A process that has started a server, and the server's socket."""
    process = subprocess.Popen(
        [sys.executable, "-c", STARTS],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    return process, Path(process.stdout.readline().strip())


def wait_for(condition):
    for _ in range(1200):
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError("waited in vain")


def run(environment, module, *words, folder, warm=None):
    own = {**environment, "ASKED": "here", **({VARIABLE: str(warm)} if warm else {})}
    own["TMPDIR"] = str(folder)
    return subprocess.run(
        [sys.executable, "-m", module, *words], cwd=folder, env=own, capture_output=True, text=True
    )


def test_a_job_finds_its_folder_environment_and_output_and_the_imports(
    starter, environment, tmp_path
):
    done = run(environment, "smug.warm", "tells", "a=1", folder=tmp_path, warm=starter[1])
    loaded = ["keras", "seaborn", "highspy"]
    assert done.stdout == f"['a=1'] {tmp_path} here {loaded} {tmp_path}\n"
    assert (done.returncode, done.stderr) == (0, "said\n")


def test_a_job_that_reads_an_onnx_file_starts_for_itself(starter, environment, tmp_path):
    words = ["model.file='/d/net.onnx'", "io.model=import_onnx/mine.onnx"]
    done = run(environment, "smug.warm", "tells", *words, folder=tmp_path, warm=starter[1])
    assert done.stdout == f"{words} {tmp_path} here [] {tmp_path}\n"
    told = run(environment, "smug.warm", "tells", words[0], folder=tmp_path, warm=starter[1])
    assert "'keras'" in told.stdout


@pytest.mark.parametrize("word", ["right", "wrong", "raise"])
def test_a_job_ends_as_it_does_without_a_server(starter, environment, tmp_path, word):
    ends = []
    for warm in (starter[1], None):
        done = run(environment, "smug.warm", "tells", word, folder=tmp_path, warm=warm)
        ends.append((done.returncode, done.stderr.splitlines()[-1]))
    assert ends[0] == ends[1]
    assert ends[0][0] == (word != "right")


def test_a_mistake_is_told_as_the_stages_own_command_tells_it(starter, environment, tmp_path):
    words = ["method.gama=1", "io.masks=x"]
    job = run(environment, "smug.warm", "solve_masks", *words, folder=tmp_path, warm=starter[1])
    own = run(environment, "smug.stages.solve_masks", *words, folder=tmp_path)
    assert own.stderr.startswith("solve_masks: ")
    assert (job.returncode, job.stderr) == (own.returncode, own.stderr)


@pytest.mark.parametrize("killed", ["job", "asking"])
def test_a_job_and_who_asked_for_it_end_together(starter, environment, killed):
    asking = subprocess.Popen(
        [sys.executable, "-m", "smug.warm", "never_ends"],
        env={**environment, VARIABLE: str(starter[1])},
        stdout=subprocess.PIPE,
        text=True,
    )
    job = int(asking.stdout.readline())
    os.kill(job if killed == "job" else asking.pid, signal.SIGKILL)
    assert asking.wait() == (137 if killed == "job" else -signal.SIGKILL)
    # The pipe is closed when nobody is left to write to it.
    assert asking.stdout.read() == ""
    asking.stdout.close()


def test_where_nobody_listens_the_job_is_left_to_the_one_that_asked(tmp_path):
    assert ask(str(tmp_path / "socket"), "tells", []) is None


def test_the_server_ends_with_the_process_it_works_for(environment):
    process, socket = start(environment)
    process.kill()
    process.communicate()
    # It may be at its imports still; at last its folder is gone.
    wait_for(lambda: not socket.parent.exists())
