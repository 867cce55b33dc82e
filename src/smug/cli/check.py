"""``smug check``: the results of a run held against their records."""

from __future__ import annotations

import argparse
from pathlib import Path

from smug.jobs.check import check_results


def check_run(options: argparse.Namespace) -> int:
    """Print what differs from its record; exit code 1 if anything does."""
    found = check_results(Path(options.folder))
    print(*found.lines(), sep="\n")
    return int(bool(found.wrong))
