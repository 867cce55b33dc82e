"""``smug crate``: a finished run as one archive that others can cite and read."""

from __future__ import annotations

import argparse
from pathlib import Path

from smug.errors import SmugError
from smug.io import check_new
from smug.jobs.crate import write_crate


def crate_run(options: argparse.Namespace) -> None:
    """Write the archive beside the run's folder, or where the user says, and name it."""
    folder = Path(options.folder).absolute()
    path = Path(options.output) if options.output else folder.with_name(f"{folder.name}.crate.zip")
    if path.suffix != ".zip":
        raise SmugError(f"--output {path}: a crate is a .zip; give it that ending")
    check_new([path], overwrite=options.overwrite, how="--overwrite")
    steps = write_crate(folder, path, arrays=options.arrays)
    print(f"{path}: {steps} steps, {path.stat().st_size / 1e6:.1f} MB")
