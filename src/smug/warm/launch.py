"""Start the server that a run's jobs are forks of."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile

from smug.jobs.parent import VARIABLE as PARENT
from smug.warm import VARIABLE

#: Jobs that may wait for the server to fork.
_BACKLOG = 128


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
    # The first jobs wait here for its imports, rather than import the same beside it. Should it end
    # before it takes them, nobody holds the socket any more, and they import for themselves.
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(path)
        listener.listen(_BACKLOG)
        subprocess.Popen(
            [sys.executable, "-m", "smug.warm.server", path, str(listener.fileno())],
            env={**os.environ, PARENT: str(os.getpid())},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[listener.fileno()],
            # Ctrl-C in a terminal is for Snakemake, which ends its jobs; then the server ends too.
            start_new_session=True,
        )
    os.environ[VARIABLE] = path
