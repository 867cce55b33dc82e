"""A stage run inside this process, as its own command would run it."""

from __future__ import annotations

import sys
import traceback
from importlib import import_module
from pathlib import Path


def run_stage(stage: str, words: list[str]) -> int:
    """Run a stage with the words of its command line; what goes wrong is written to stderr.

    Returns
    -------
    int
        Exit code.
    """
    try:
        module = import_module(f"smug.stages.{stage}")
        sys.argv = [str(Path(str(module.__file__))), *words]
        module.run(module.main)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0
