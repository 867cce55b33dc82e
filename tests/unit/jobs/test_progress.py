import os
import pty
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from logging import ERROR, INFO, makeLogRecord
from pathlib import Path
from types import SimpleNamespace

import pytest
from snakemake_interface_logger_plugins.common import LogEvent

from smug.jobs.progress import Progress
from snakemake_logger_plugin_smug import LogHandler

ROOT = Path(__file__).resolve().parents[3]


def test_the_time_left_is_known_where_every_step_takes_the_same():
    progress = Progress()
    progress.plan({"solve": 10})
    for step in range(5):
        progress.start(step, "solve", 60.0 * step)
        progress.finish(step, 60.0 * step + 60)
    assert progress.seconds_left(300.0) == pytest.approx(300)
    assert progress.line(300.0) == "5 of 10 steps, about 5 min left"


def test_steps_at_a_time_share_the_time_left():
    progress = Progress()
    progress.plan({"solve": 12})
    for step in range(4):
        progress.start(step, "solve", 0.0)
    for step in range(4):
        progress.finish(step, 90.0)
    assert progress.seconds_left(90.0) == pytest.approx(180)  # 8 steps of 90 s, 4 at a time


def test_what_runs_counts_with_what_it_still_needs():
    progress = Progress()
    progress.plan({"solve": 2})
    progress.start(0, "solve", 0.0)
    progress.finish(0, 100.0)
    progress.start(1, "solve", 100.0)
    assert progress.seconds_left(130.0) == pytest.approx(70)
    assert progress.seconds_left(900.0) == 0  # it takes longer than expected
    assert progress.line(130.0) == "1 of 2 steps, about 1 min left; running: solve"


def test_a_rule_without_a_finished_step_takes_the_mean_of_all():
    progress = Progress()
    progress.plan({"read": 2, "solve": 1, "draw": 3})
    for step, (rule, seconds) in enumerate([("read", 10.0), ("read", 10.0), ("solve", 40.0)]):
        progress.start(step, rule, 100.0 * step)
        progress.finish(step, 100.0 * step + seconds)
    assert progress.seconds_left(240.0) == pytest.approx(3 * 20)


def test_no_time_is_named_before_a_tenth_is_done_or_after_the_end():
    progress = Progress()
    progress.plan({"solve": 11})
    for step in range(11):
        progress.start(step, "solve", float(step))
        progress.finish(step, step + 1.0)
        assert ("left" in progress.line(step + 1.0)) == (1 <= step < 10), step
    assert progress.line(11.0) == "11 of 11 steps"


def test_a_failed_step_runs_no_longer():
    progress = Progress()
    progress.plan({"solve": 3})
    progress.start(0, "solve", 0.0)
    progress.start(1, "solve", 0.0)
    assert progress.line(1.0).endswith("; running: 2 solve")
    progress.fail(0)
    assert progress.line(1.0) == "0 of 3 steps; running: solve"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (59, "less than a minute"),
        (61, "about 1 min"),
        (5000, "about 83 min"),
        (9000, "about 2.5 h"),
    ],
)
def test_a_guess_is_spoken_as_one(seconds, said):
    progress = Progress()
    progress.plan({"solve": 2})
    progress.start(0, "solve", 0.0)
    progress.finish(0, float(seconds))
    assert f", {said} left" in progress.line(float(seconds))


class Terminal:
    """A stream that keeps what it is given."""

    def __init__(self, terminal):
        self.text = ""
        self.isatty = lambda: terminal

    def write(self, text):
        self.text += text

    def flush(self):
        pass


def _handler(monkeypatch, terminal, **settings):
    stream = Terminal(terminal)
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "30")
    common = {"dryrun": False, "verbose": False, "debug_dag": False, "nocolor": False, **settings}
    return LogHandler(SimpleNamespace(**common), None), stream


def _tell(handler, event=None, created=0.0, level=INFO, msg="", **told):
    record = {"event": event, "created": created, "levelno": level, "msg": msg, **told}
    handler.handle(makeLogRecord(record))


def _run(handler):
    """Two steps, ten seconds each."""
    _tell(handler, LogEvent.RUN_INFO, stats={"solve": 2, "total": 2})
    for step in range(2):
        now = 10.0 * step
        _tell(handler, msg="Select jobs to execute...", created=now)
        _tell(handler, LogEvent.JOB_STARTED, created=now, jobs=[step], msg="Execute 1 jobs...")
        _tell(handler, LogEvent.JOB_INFO, created=now, jobid=step, rule_name="solve")
        _tell(handler, LogEvent.JOB_FINISHED, created=now + 10, job_id=step)
        _tell(handler, LogEvent.PROGRESS, created=now + 10, done=step + 1, total=2)


def test_in_a_file_a_line_comes_every_ten_seconds_and_at_the_end(monkeypatch):
    handler, stream = _handler(monkeypatch, terminal=False)
    _run(handler)
    handler.close()
    lines = [re.sub(r"^\[..:..:..\] ", "", line) for line in stream.text.splitlines()]
    assert lines == ["1 of 2 steps, less than a minute left", "2 of 2 steps"]


def test_on_a_terminal_one_line_is_written_over_and_never_breaks(monkeypatch):
    handler, stream = _handler(monkeypatch, terminal=True)
    _run(handler)
    _tell(handler, msg="very bad", level=ERROR, created=20.0)
    handler.close()
    assert "\n" not in stream.text[: stream.text.index("very bad")]
    assert max(len(line) for line in stream.text.split("\r\033[K")[:-1]) <= 29
    assert stream.text.endswith("\r\033[K\033[31mvery bad\033[0m\n2 of 2 steps\n")


def test_snakemakes_own_words_are_kept_where_they_are_asked_for(monkeypatch):
    for setting in ("dryrun", "verbose", "debug_dag"):
        handler, stream = _handler(monkeypatch, terminal=True, **{setting: True})
        _run(handler)
        assert not handler.writes_to_stream
        assert stream.text == ""


@pytest.fixture
def workflow(tmp_path):
    """A workflow of three steps with the profile of this one, as a command."""
    (tmp_path / "Snakefile").write_text(
        'rule all:\n    input: expand("{name}.txt", name=config["names"].split("+"))\n'
        'rule one:\n    output: "{name}.txt"\n    log: "{name}.log"\n'
        '    shell: "(test {wildcards.name} != wrong || (echo no such thing; exit 3)) > {log}"\n'
        '           " && touch {output}"\n'
    )
    profile = ROOT / "profiles" / "default"
    words = [sys.executable, "-m", "snakemake", "--workflow-profile", str(profile), "--cores", "1"]

    def run(names, *more, **streams):
        return subprocess.run(
            [*words, *more, "--config", f"names={names}"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "TERM": "xterm"},
            text=True,
            **streams,
        )

    return run


def test_a_run_says_how_far_it_is_and_shows_the_log_of_what_failed(workflow):
    done = workflow("a+b", capture_output=True)
    assert (done.returncode, done.stdout) == (0, "")
    assert re.search(r"^\[..:..:..\] 3 of 3 steps$", done.stderr, re.M)
    assert "Finished jobid" not in done.stderr
    assert "Select jobs" not in done.stderr
    failed = workflow("a+b+wrong", capture_output=True)
    assert failed.returncode == 1
    assert "Error in rule one" in failed.stderr
    assert "no such thing" in failed.stderr


def test_plans_and_quiet_runs_are_snakemakes_own(workflow):
    plan = workflow("a+b", "--dry-run", capture_output=True)
    assert "Job stats:" in plan.stdout
    assert "steps" not in plan.stderr
    assert "steps" not in workflow("a", "--quiet", capture_output=True).stderr
    assert "Finished jobid" in workflow("b", "--verbose", capture_output=True).stderr


def _read(terminal):
    """All that is written to a terminal, until its last writer closes it."""
    seen = b""
    with suppress(OSError):
        while chunk := os.read(terminal, 4096):
            seen += chunk
    return seen


def test_a_terminal_sees_one_line(workflow):
    ours, theirs = pty.openpty()
    with ThreadPoolExecutor() as pool:
        reading = pool.submit(_read, ours)
        workflow("a+b", stdout=theirs, stderr=theirs)
        os.close(theirs)
        seen = reading.result()
    os.close(ours)
    assert b"\r\x1b[K1 of 3 steps" in seen
    assert seen.rstrip().endswith(b"3 of 3 steps")
