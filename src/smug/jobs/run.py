"""What every job does around its stage: read the command line, set threads, record, report.

A job is an ordinary command,
``python -m smug.stages.<stage> [threads=N] [shard=I] key=value ... io.<name>=<path> ...``.
"""

from __future__ import annotations

import inspect
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_type_hints

from threadpoolctl import threadpool_limits

from smug.errors import SmugError
from smug.io import save_json, sha256
from smug.jobs import config
from smug.jobs.signatures import JOB, signature
from smug.provenance import commit, versions

#: What the record of a stage's result should say of it.
Summary = Mapping[str, Any]
#: A stage's work: ``main(config: Sections, files: Files)`` with the dataclasses of its module.
Stage = Callable[[Any, Any], Summary]

RECORDED_PACKAGES = ("smug", "keras", "numpy", "scipy", "highspy", "z3-solver", "snakemake")


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
    try:
        job = JobSettings(**dict(_whole_number(word) for word in own))
        configure_threads(job.threads)
        given = config.from_words(name, [word for word in words if word not in own])
        sections, files = _arguments(stage, name, {**given.settings, JOB: job}, given.io)
        start = time.perf_counter()
        summary = stage(sections, files)
        if "record" in given.io:
            seconds = time.perf_counter() - start
            write_record(given.io["record"][0], name, given.plain, given.io, summary, seconds)
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


def configure_threads(threads: int) -> None:
    """Limit every numeric library of this process; to be called before TensorFlow is imported."""
    if threads < 1:
        raise SmugError(f"threads={threads} is below 1")
    for variable in (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "TF_NUM_INTRAOP_THREADS",
        "TF_NUM_INTEROP_THREADS",
    ):
        os.environ[variable] = str(threads)
    # Libraries that are loaded already, such as NumPy's, no longer read their variables.
    threadpool_limits(threads)
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def write_record(
    path: str | Path,
    stage: str,
    plain: Mapping[str, Any],
    io: Mapping[str, list[str]],
    summary: Summary,
    seconds: float,
) -> None:
    """Write the sidecar of a result: where it came from and what it says of itself."""
    inputs = [p for name, paths in io.items() if name != "record" for p in paths]
    save_json(
        path,
        {
            "stage": stage,
            "config": plain,
            "summary": dict(summary),
            "files": {p: sha256(p) for p in inputs if Path(p).is_file()},
            "seconds": round(seconds, 3),
            "commit": commit(),
            "python": sys.version.split()[0],
            "versions": versions(RECORDED_PACKAGES),
            "written": datetime.now(UTC).isoformat(timespec="seconds"),
        },
    )
