"""Snakemake's output as one line that says how far a run is: ``--logger smug``.

Snakemake finds plugins by the name of their package, so this one stands beside ``smug``. Errors,
warnings and what else Snakemake says is printed as ever, and its log file holds everything.
"""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import suppress
from logging import ERROR, WARNING, LogRecord
from time import localtime, strftime

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

from smug.jobs.progress import Progress

#: Seconds between two lines where they are not written one over the other.
_BETWEEN = 10.0

#: What the line takes the place of.
_SILENT = frozenset({LogEvent.JOB_STARTED, LogEvent.JOB_FINISHED, LogEvent.GROUP_INFO})

#: Said before each choice of jobs; it has no event of its own.
_CHOOSING = "Select jobs to execute..."

_CLEAR = "\r\033[K"
_PLAIN = "\033[0m"


class LogHandler(LogHandlerBase):
    """Handler that prints the state of a run, on a terminal over the line before."""

    def __post_init__(self) -> None:
        self._stream = sys.stderr
        self._progress = Progress()
        self._over = self._stream.isatty() and os.environ.get("TERM") != "dumb"
        self._shown = ""
        self._printed = 0.0

    @property
    def writes_to_stream(self) -> bool:
        """Yes; but a plan (``-n``) and what ``--verbose`` asks for are left to Snakemake."""
        common = self.common_settings
        return not (common.dryrun or common.verbose or common.debug_dag)

    @property
    def writes_to_file(self) -> bool:
        """No; Snakemake writes its log file as ever."""
        return False

    @property
    def has_filter(self) -> bool:
        """No; ``--quiet`` hides what it hides elsewhere."""
        return False

    @property
    def has_formatter(self) -> bool:
        """No; messages are in Snakemake's words."""
        return False

    @property
    def needs_rulegraph(self) -> bool:
        """No; it does without the graph of the rules."""
        return False

    def emit(self, record: LogRecord) -> None:
        """Take in what happened, and print the state or Snakemake's message."""
        if not self.writes_to_stream:
            return
        # Whoever reads the output may stop before the run does.
        with suppress(BrokenPipeError):
            if self._take_in(record):
                self._say_state(record.created)
            else:
                self._say(record)

    def close(self) -> None:
        """Leave the last state standing."""
        if self._over and self._shown:
            self._shown = ""
            with suppress(BrokenPipeError):
                self._stream.write("\n")
        super().close()

    def _take_in(self, record: LogRecord) -> bool:
        """Keep what a message says of the run; tell whether the state takes its place."""
        told = vars(record)
        event = told.get("event")
        if event == LogEvent.RUN_INFO:
            self._progress.plan({rule: n for rule, n in told["stats"].items() if rule != "total"})
        elif event == LogEvent.JOB_INFO:
            self._progress.start(told["jobid"], told["rule_name"], record.created)
        elif event == LogEvent.JOB_FINISHED:
            self._progress.finish(told["job_id"], record.created)
        elif event == LogEvent.JOB_ERROR:
            self._progress.fail(told["jobid"])
            return False
        elif event != LogEvent.PROGRESS:
            return event in _SILENT or record.msg == _CHOOSING
        return True

    def _say_state(self, time: float) -> None:
        """Print the state, unless that was done a moment ago."""
        progress = self._progress
        if not progress.total:  # --quiet progress: nothing is known of the run
            return
        line = progress.line(time)
        if self._over:
            self._shown = line[: shutil.get_terminal_size().columns - 1]
            self._stream.write(_CLEAR + self._shown)
        elif line != self._shown and (
            time - self._printed >= _BETWEEN or progress.finished == progress.total
        ):
            self._shown, self._printed = line, time
            self._stream.write(f"[{strftime('%H:%M:%S', localtime(time))}] {line}\n")
        self._stream.flush()

    def _say(self, record: LogRecord) -> None:
        """Print a message of Snakemake, above the state where that stands on a terminal."""
        text = self.format(record)
        if not text:
            return
        if self._over and not self.common_settings.nocolor and record.levelno >= WARNING:
            text = f"\033[{31 if record.levelno >= ERROR else 33}m{text}{_PLAIN}"
        if self._over and self._shown:
            self._stream.write(f"{_CLEAR}{text}\n{self._shown}")
        else:
            self._stream.write(f"{text}\n")
        self._stream.flush()
