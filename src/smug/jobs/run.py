"""Frame of every job around its stage: read the command line, set threads, record, report.

A job is an ordinary command,
``python -m smug.stages.<stage> [threads=N] [shard=I] key=value ... io.<name>=<path> ...``.
"""

from __future__ import annotations

import inspect
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_type_hints

from smug.errors import SmugError
from smug.jobs import config, records
from smug.jobs.parent import end_with_parent
from smug.jobs.signatures import JOB, signature
from smug.jobs.usage import usage
from smug.lean import without_extras
from smug.threads import choose_backend, configure_threads

#: Facts of a stage's result for its record.
Summary = Mapping[str, Any]
#: A stage's work: ``main(config: Sections, files: Files)`` with the dataclasses of its module.
Stage = Callable[[Any, Any], Summary]


@dataclass(frozen=True)
class JobSettings:
    """The job's own words, for stages with a section ``job``: its threads, its part of the data."""

    threads: int = 1
    shard: int = 0


def run(stage: Stage) -> None:
    """Run a stage from the command line and leave the process with its exit code."""
    name = Path(sys.argv[0]).stem
    words = sys.argv[1:]
    own = [word for word in words if word.startswith(("threads=", "shard="))]
    end_with_parent()
    try:
        job = JobSettings(**dict(_whole_number(word) for word in own))
        choose_backend(*(word for word in words if word.startswith("io.")))
        configure_threads(job.threads)
        without_extras()
        given = config.from_words(name, [word for word in words if word not in own])
        sections, files = _arguments(stage, name, {**given.settings, JOB: job}, given.io)
        checked = records.check_inputs(given.io)
        start = time.perf_counter()
        summary = stage(sections, files)
        if "record" in given.io:
            used = usage(time.perf_counter() - start)
            path, plain = given.io["record"][0], given.plain
            records.write_record(path, name, plain, given.io, summary, used, checked)
    except SmugError as error:
        sys.exit(f"{name}: {error}")


def _arguments(
    stage: Stage, name: str, settings: Mapping[str, Any], io: Mapping[str, list[str]]
) -> tuple[Any, Any]:
    """Fill the two dataclasses that a stage's function takes."""
    hints = get_type_hints(stage)
    sections, files = (hints[parameter] for parameter in inspect.signature(stage).parameters)
    paths: dict[str, Path | list[Path]] = {}
    for file in signature(name).files:
        if file.name in io:
            found = [Path(path) for path in io[file.name]]
            paths[file.name] = found if file.several else found[0]
    asked = {field.name: settings[field.name] for field in fields(sections)}
    return sections(**asked), files(**paths)


def _whole_number(word: str) -> tuple[str, int]:
    key, _, value = word.partition("=")
    if not value.isdecimal():
        raise SmugError(f"{word} is not a whole number; for example {key}=1")
    return key, int(value)
