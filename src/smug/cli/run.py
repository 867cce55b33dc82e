"""``smug run``: the workflow in any folder, with the rules and values of the package."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from smug.jobs.home import HOME


def run_workflow(options: argparse.Namespace) -> None:
    """Hand the process on to Snakemake, which writes to ``results/`` in the folder."""
    folder = Path(options.folder)
    folder.mkdir(parents=True, exist_ok=True)
    where = ["-s", str(HOME / "workflow" / "Snakefile"), "-d", str(folder)]
    # The user's own words come last, so that theirs counts.
    command = [sys.executable, "-m", "snakemake", *where, "--cores", "all", *options.snakemake]
    os.execv(sys.executable, command)
