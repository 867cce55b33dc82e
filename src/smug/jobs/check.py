"""Results held against their records: what was damaged, changed or lost after it was made."""

from __future__ import annotations

import os
import shlex
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from smug.errors import SmugError
from smug.io import sha256
from smug.jobs.records import Record, load_record, places, recorded_files

#: Folders of a run whose files are no results; earlier versions wrote benchmarks.
_NO_RESULTS = ("logs", "benchmarks")


@dataclass
class Findings:
    """Findings of a check.

    Parameters
    ----------
    files, records : int
        How many were checked.
    wrong : dict of Path to str
        Why a file is not what its record tells of, by path.
    outdated : dict of Path to str
        Records whose job read an input that was made anew since, and which input.
    """

    files: int = 0
    records: int = 0
    wrong: dict[Path, str] = field(default_factory=dict)
    outdated: dict[Path, str] = field(default_factory=dict)

    def lines(self) -> Iterator[str]:
        """Report of the findings, with the command that makes again what is wrong."""
        for path, why in sorted(self.wrong.items()):
            yield f"{_short(path)}: {why}"
        for path, why in sorted(self.outdated.items()):
            yield f"{_short(path)}: older than its input {why}; left of earlier settings?"
        yield f"{self.files} files of {self.records} records checked, {len(self.wrong)} wrong"
        there = [_short(path) for path in sorted(self.wrong) if path.exists()]
        if there:
            yield f"To make them again: rm {shlex.join(there)}"
        if self.wrong:
            yield "Then start the run again, with its overrides, as it was made."


def check_results(folder: str | os.PathLike[str]) -> Findings:
    """Hold every file that the records below a folder name against its SHA-256.

    Raises
    ------
    SmugError
        No such folder, or no record below it.
    """
    folder = Path(os.path.abspath(folder))
    if not folder.is_dir():
        raise SmugError(f"no folder {folder}; give the folder of a run, such as results/demo")
    found = _check_records(_json_files(folder))
    if not found.records and not found.wrong:
        raise SmugError(f"no records below {folder}; give the folder of a run, as results/demo")
    return found


def check_shown(folder: str | os.PathLike[str]) -> None:
    """Hold the tables, figures and the gallery of a run against their records, and nothing else.

    Whoever starts or reports a finished run shows them; that takes milliseconds.

    Raises
    ------
    SmugError
        Names the files that are not what their records tell of.
    """
    folder = Path(os.path.abspath(folder))
    shown = (folder, folder / "tables", folder / "figures")
    wrong = []
    for record in (path for place in shown for path in sorted(place.glob("*.json"))):
        for path, digest in recorded_files(record, load_record(record) or {"files": {}}).items():
            if path.parent in shown and path.is_file() and sha256(path) != digest:
                wrong.append(_short(path))
    if wrong:
        raise SmugError(
            f"{', '.join(wrong)}: changed or damaged since the records beside tell of them; "
            f"rm {shlex.join(wrong)}, then start the run again"
        )


def _check_records(paths: Iterable[Path]) -> Findings:
    found, records, damaged = Findings(), {}, {}
    for path in paths:
        try:
            record = load_record(path)
        except SmugError as error:
            damaged[path] = str(error).removeprefix(f"{path} ").partition(";")[0]
            continue
        if record is not None:
            records[path] = record
    told = _told(records)
    for path, digests in told.items():
        by = {records[record]["stage"] for record, _ in digests}
        # A record was held against its own checksum.
        maker = None if path in records else _maker(path, [record for record, _ in digests])
        if path in damaged:
            continue
        if not path.is_file():
            found.wrong[path] = f"missing; {', '.join(sorted(by))} made or read it"
            continue
        actual, wanted = sha256(path), dict(digests)
        if maker is not None and wanted[maker] != actual:
            found.wrong[path] = f"{_size(path)}, not what {_short(maker)} tells of"
        elif path not in records and actual not in wanted.values():
            found.wrong[path] = f"{_size(path)}, not what {', '.join(sorted(by))} read"
        else:
            found.outdated |= {
                record: _short(path) for record, digest in digests if digest != actual
            }
    found.wrong |= damaged
    found.files, found.records = len(told), len(records)
    return found


def _told(records: dict[Path, Record]) -> dict[Path, list[tuple[Path, str]]]:
    """Records that name each file, with the SHA-256 that each tells of it."""
    told: dict[Path, list[tuple[Path, str]]] = defaultdict(list)
    for path, record in records.items():
        for file, digest in recorded_files(path, record).items():
            told[file].append((path, digest))
    return told


def _maker(path: Path, records: list[Path]) -> Path | None:
    """The record of the job that made a file: the only one that names it, or the one beside it."""
    beside = [place for place in places(path) if place in records]
    return beside[0] if beside else records[0] if len(records) == 1 else None


def _json_files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*.json")):
        inner = path.relative_to(folder).parts
        if inner[0] not in _NO_RESULTS and not any(part.startswith(".") for part in inner):
            yield path


def _size(path: Path) -> str:
    size = path.stat().st_size
    return "empty" if not size else f"{size} bytes"


def _short(path: Path) -> str:
    """Path from here, if the file lies below."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
