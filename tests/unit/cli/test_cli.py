import os
import subprocess
import sys
from pathlib import Path

import pytest

from smug import cli

#: Libraries that no answer without a computation may wait for.
HEAVY = ("tensorflow", "keras", "hydra", "scipy", "pandas", "matplotlib", "numba", "PIL")


def run(*words, **settings):
    return subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, timeout=120, **settings
    )


def run_shell(command):
    return subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60)


def test_the_command_is_installed():
    result = run("-m", "smug.cli", "--version", check=True)
    assert result.stdout.startswith("smug 0.")
    assert result.stderr == ""


@pytest.mark.parametrize(
    "words",
    [
        ["--version"],
        ["--help"],
        ["explain", "--help"],
        ["methods"],
        ["explain", "{photo}", "--method", "gradcm"],
        ["explain", "{photo}", "--set", "topk=3"],
        ["explain", "{photo}", "--model", "nowhere.keras"],
        ["explain", "nowhere.png"],
        ["explain", "{photo}", "--labels", "nowhere.txt"],
        ["explain", "{photo}", "--output", "result"],
        ["explain", "--text", "nice", "--model", "nowhere.keras"],
        ["explain-it"],
    ],
    ids=" ".join,
)
def test_help_and_mistakes_load_no_framework(picture, words):
    words = [word.format(photo=picture) for word in words]
    code = f"""
import sys
from smug import cli
try:
    cli.main({words!r})
except SystemExit:
    pass
print("LOADED", sorted(set({HEAVY!r}) & set(sys.modules)))
"""
    assert run("-c", code, check=True).stdout.splitlines()[-1] == "LOADED []"


def test_the_terminal_shows_our_lines_only(picture, model_file):
    words = ["-m", "smug.cli", "explain", str(picture), "--model", str(model_file)]
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("TF_", "KERAS_"))}
    result = run(*words, "--method", "gradients", env=plain, check=True)
    assert result.stderr == ""
    first = [line.partition(":")[0] for line in result.stdout.splitlines()]
    assert first == ["input", "prediction", "written"]


def test_a_log_level_of_the_user_stays():
    code = """
import os
from smug.threads import configure_threads, quiet
quiet(), configure_threads(1)
print(os.environ["TF_CPP_MIN_LOG_LEVEL"])
"""
    for level in ("0", "2"):
        env = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": level}
        assert run("-c", code, env=env, check=True).stdout.strip() == level


def test_a_reader_that_has_seen_enough_is_no_error():
    # Longer than what a pipe holds.
    code = "from smug import cli; [cli.main(['methods']) for _ in range(99)]"
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    process.wait(timeout=60)


def test_an_interrupted_command_leaves_without_a_trace(monkeypatch):
    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr("smug.cli.methods.list_methods", interrupted)
    with pytest.raises(SystemExit) as stop:
        cli.main(["methods"])
    assert stop.value.code == 130


@pytest.mark.parametrize("words", [["methods"], ["--help"], ["explain", "--help"], ["--version"]])
def test_an_output_that_nobody_can_take_ends_without_a_traceback(words):
    reader, closed = os.pipe()
    os.close(reader)
    try:
        pipe = subprocess.run(
            [sys.executable, "-m", "smug.cli", *words],
            stdout=closed,
            stderr=subprocess.PIPE,
            timeout=60,
        )
    finally:
        os.close(closed)
    assert pipe.stderr == b""
    # A shell's `>&-`: the command has no output at all.
    command = subprocess.list2cmdline([sys.executable, "-m", "smug.cli", *words])
    none = run_shell(f"{command} >&-")
    assert none.returncode == 0
    assert "Traceback" not in none.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
def test_a_full_disk_is_said_in_one_line():
    full = run_shell(f"{subprocess.list2cmdline([sys.executable])} -m smug.cli methods > /dev/full")
    assert full.returncode == 1
    assert full.stderr == "smug: [Errno 28] No space left on device\n"
