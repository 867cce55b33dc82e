"""Lines of a text file that others wrote, gzip or plain, with limits on what it unpacks to."""

from __future__ import annotations

import codecs
import gzip
from pathlib import Path

from smug.errors import SmugError
from smug.io import reading

#: Bytes of a line and of a whole text, and lines: well above all honest files. A packed file of a
#: megabyte can hold a thousand times as much.
LONGEST_LINE, LONGEST_TEXT, MOST_LINES = 2**20, 2**28, 10**6


def read_lines(path: Path) -> list[str]:
    """Lines of a UTF-8 text file, packed if its name ends in ``.gz``, without their ends.

    Raises
    ------
    SmugError
        Missing, damaged or too large file, or one that is no UTF-8 text; names the line.
    """
    if not path.is_file():
        folder = path.parent
        there = sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []
        held = f"it holds: {', '.join(there)}" if there else "the folder is missing or empty"
        raise SmugError(
            f"no file {path.name} in {folder}; {held}. Place the original files there (DATA.md)"
        )
    packed = path.suffix == ".gz"
    damaged = "is a broken gzip file" if packed else "cannot be read"
    with (
        reading(path, damaged=damaged, step="fetch it again"),
        gzip.open(path) if packed else open(path, "rb") as file,
    ):
        content = file.read(LONGEST_TEXT + 1)
    lines = content.removeprefix(codecs.BOM_UTF8).removesuffix(b"\n").split(b"\n")
    for number, line in enumerate(lines, start=1):
        if len(line) > LONGEST_LINE or number > MOST_LINES:
            raise SmugError(
                f"{path}, line {number}: at most {LONGEST_LINE} bytes in a line and {MOST_LINES} "
                "lines are read; split the file"
            )
    if len(content) > LONGEST_TEXT:
        raise SmugError(f"{path} unpacks to more than {LONGEST_TEXT} bytes; split the file")
    try:
        return [line.decode().rstrip("\r") for line in lines] if content else []
    except UnicodeDecodeError as error:
        number = next(i for i, line in enumerate(lines, start=1) if line == error.object)
        raise SmugError(f"{path}, line {number} is not UTF-8 text ({error}); save it so") from error
