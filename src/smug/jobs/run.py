"""What every job does around its stage: read the command line, set threads, record, report.

A job is an ordinary command,
``python -m smug.stages.<stage> [threads=N] [shard=I] key=value ... io.<name>=<path> ...``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from threadpoolctl import threadpool_limits

from smug.errors import SmugError
from smug.io import save_json, sha256
from smug.jobs import config

#: A stage's work: gets its configuration and paths, returns what the record should say of it.
Stage = Callable[[SimpleNamespace, "Paths"], "Mapping[str, Any] | None"]

RECORDED_PACKAGES = ("smug", "keras", "numpy", "scipy", "highspy", "z3-solver", "snakemake")


class Paths:
    """Paths by name, from the ``io.<name>=<path>`` words: ``paths.model``, or all of a name."""

    def __init__(self, by_name: Mapping[str, list[str]]) -> None:
        self._by_name = by_name

    def __getattr__(self, name: str) -> Path:
        return Path(self._by_name[name][0])

    def all(self, name: str) -> list[Path]:
        """Every path given under one name."""
        return [Path(path) for path in self._by_name.get(name, [])]

    def names(self) -> list[str]:
        """Every name given."""
        return list(self._by_name)


def run(stage: Stage) -> None:
    """Run a stage from the command line and leave the process with its exit code."""
    name = Path(sys.argv[0]).stem
    words = sys.argv[1:]
    own = [word for word in words if word.startswith(("threads=", "shard="))]
    try:
        job = {"threads": 1, "shard": 0} | dict(_whole_number(word) for word in own)
        configure_threads(job["threads"])
        plain, io = config.from_words(name, [word for word in words if word not in own])
        start = time.perf_counter()
        summary = stage(config.sections({**plain, "job": job}), Paths(io))
        if "record" in io:
            seconds = time.perf_counter() - start
            write_record(io["record"][0], name, plain, io, summary, seconds)
    except SmugError as error:
        sys.exit(f"{name}: {error}")


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
    summary: Mapping[str, Any] | None,
    seconds: float,
) -> None:
    """Write the sidecar of a result: where it came from and what it says of itself."""
    inputs = [p for name, paths in io.items() if name != "record" for p in paths]
    save_json(
        path,
        {
            "stage": stage,
            "config": plain,
            "summary": dict(summary or {}),
            "files": {p: sha256(p) for p in inputs if Path(p).is_file()},
            "seconds": round(seconds, 3),
            "commit": commit(),
            "python": sys.version.split()[0],
            "versions": {package: version(package) for package in RECORDED_PACKAGES},
            "written": datetime.now(UTC).isoformat(timespec="seconds"),
        },
    )


def commit() -> str | None:
    """Hash of the checkout's commit, with ``+`` for uncommitted changes; None outside git."""
    try:
        head = _git("rev-parse", "HEAD")
        return head + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def _git(*words: str) -> str:
    return subprocess.run(
        ["git", *words], cwd=config.ROOT, check=True, capture_output=True, text=True
    ).stdout.strip()
