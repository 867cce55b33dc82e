"""Record of a result, the ``.json`` beside it: where it came from, and the SHA-256 of every file.

A job checks its inputs against the records of the jobs that made them, so that a file damaged on
the way changes no result.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from smug.errors import SmugError
from smug.io import load_json, save_json, sha256
from smug.provenance import commit, versions

#: A record as it stands in its file.
Record = dict[str, Any]

RECORDED_PACKAGES = ("smug", "keras", "numpy", "scipy", "highspy", "z3-solver", "snakemake")

#: Keys that make a JSON file a record.
_KEYS = frozenset({"stage", "config", "summary", "files", "written"})


def write_record(
    path: str | Path,
    stage: str,
    plain: Mapping[str, Any],
    io: Mapping[str, list[str]],
    summary: Mapping[str, Any],
    used: Mapping[str, float],
    known: Mapping[str, str] | None = None,
) -> None:
    """Write the record of a job.

    Parameters
    ----------
    path : path-like
    stage : str
    plain : mapping
        Sections of the configuration that the job read.
    io : mapping of str to list of str
        Paths of the job by name, those of its inputs and of its outputs.
    summary : mapping
        What the stage says of its result.
    used : mapping of str to float
        Time and memory that the job took (:func:`smug.jobs.usage.usage`).
    known : mapping of str to str, optional
        SHA-256 by path of the inputs that were hashed before the job began.
    """
    named = [p for name, paths in io.items() if name != "record" for p in paths]
    known = known or {}
    content = {
        "stage": stage,
        "config": plain,
        "summary": dict(summary),
        "record": str(path),
        "files": {p: known.get(p) or sha256(p) for p in named if Path(p).is_file()},
        **{name: round(value, 3) for name, value in used.items()},
        "commit": commit(),
        "python": sys.version.split()[0],
        "versions": versions(RECORDED_PACKAGES),
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    save_json(path, {**content, "sha256": _digest(content)})


def load_record(path: str | os.PathLike[str]) -> Record | None:
    """Read a record and hold it against its own checksum; None for any other JSON.

    Raises
    ------
    SmugError
        Missing or damaged file.
    """
    content = load_json(path)
    # One damaged key leaves the others, which still say that it is a record.
    if not isinstance(content, dict) or len(_KEYS & content.keys()) < len(_KEYS) - 1:
        return None
    told = content.pop("sha256", None)
    # Records of earlier versions have no checksum of their own, nor their path.
    if (told is not None or "record" in content) and told != _digest(content):
        raise SmugError(
            f"{path} is damaged: its content does not fit its own checksum; delete it and run again"
        )
    if "files" not in content:
        raise SmugError(f"{path} is damaged: it lists no files; delete it and run again")
    return content


def _digest(content: Mapping[str, Any]) -> str:
    """SHA-256 of a record's content, whatever the spaces and the order of its file."""
    # Through JSON once: a tuple is read again as a list, the number of a key as a text.
    plain = json.loads(json.dumps(content))
    text = json.dumps(plain, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def recorded_files(path: str | os.PathLike[str], record: Mapping[str, Any]) -> dict[Path, str]:
    """SHA-256 of every file that a record names, by where it lies now.

    Paths are read as seen from the record, so that a moved folder of results stays whole.
    """
    here, told = Path(path).absolute(), Path(record.get("record", path))
    found = {}
    for name, digest in record["files"].items():
        if Path(name).is_absolute() == told.is_absolute():
            name = here.parent / os.path.relpath(name, told.parent)
        found[Path(os.path.abspath(name))] = digest
    return found


def record_of(path: str | os.PathLike[str]) -> tuple[Path, str] | None:
    """Record of the job that made a file, found by the names that the rules give it.

    Returns
    -------
    tuple of Path and str, or None
        The record, and the file's SHA-256 in it; None where no record beside the file names it.

    Raises
    ------
    SmugError
        A damaged record.
    """
    path = Path(os.path.abspath(path))
    for beside in filter(Path.is_file, places(path)):
        record = load_record(beside)
        files = recorded_files(beside, record) if record else {}
        if path in files:
            return beside, files[path]
    return None


def places(path: str | os.PathLike[str]) -> list[Path]:
    """Places of the record of the job that made a file: beside it, by the rules' names."""
    path = Path(os.path.abspath(path))
    names = (f"{path.stem}.json", f"{path.stem}.record.json", "record.json")
    return [path.with_name(name) for name in names if name != path.name]


def check_inputs(io: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Hold the files that a job reads against the records of the jobs that made them.

    Parameters
    ----------
    io : mapping of str to iterable of str
        Paths of the job by name; what it writes itself has no record but the job's own.

    Returns
    -------
    dict of str to str
        SHA-256 of the inputs that were checked, by path.

    Raises
    ------
    SmugError
        A file that differs, or a damaged record; names the file and says how to make it again.
    """
    own = {Path(os.path.abspath(path)) for path in io.get("record", ())}
    checked = {}
    for path in (p for name, paths in io.items() if name != "record" for p in paths):
        if not Path(path).is_file() or own & set(places(path)):
            continue
        found = record_of(path)
        if found is None:
            if Path(path).suffix == ".json":
                load_record(path)
            continue
        record, told = found
        checked[path] = sha256(path)
        if checked[path] != told:
            raise SmugError(
                f"{path} is not the file that {os.path.relpath(record)} tells of: it was changed "
                "or damaged after it was made; delete it and run again"
            )
    return checked
