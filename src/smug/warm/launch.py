"""Start the server that a run's jobs are forks of."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

from smug.jobs.parent import VARIABLE as PARENT
from smug.warm import VARIABLE


def start_server() -> None:
    """Start a server that works for this process, and tell the jobs of this process of it.

    Where it cannot run nothing is started, and jobs import for themselves: on systems other than
    Linux, whose libraries may not survive a fork, and with JAX, whose threads do not.
    """
    if (
        not hasattr(os, "pidfd_open")
        or os.environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow"
    ):
        return
    # Nobody else may enter this folder, and so nobody else can have jobs run.
    path = os.path.join(tempfile.mkdtemp(prefix="smug-"), "socket")
    subprocess.Popen(
        [sys.executable, "-m", "smug.warm.server", path],
        env={**os.environ, PARENT: str(os.getpid())},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # Ctrl-C in a terminal is for Snakemake, which ends its jobs; then the server ends too.
        start_new_session=True,
    )
    os.environ[VARIABLE] = path
