"""The process that jobs are forks of: ``python -m smug.warm.server <socket> <its file>``.

It is given a socket that listens already, so that jobs wait for its imports. It ends with the
process that ``SMUG_PARENT`` names, which is Snakemake, and a job ends with whoever asked for it.
"""

from __future__ import annotations

import gc
import json
import os
import select
import shutil
import signal
import socket
import sys
import tempfile
import threading
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from smug.jobs.parent import VARIABLE as PARENT
from smug.lean import without_extras
from smug.threads import configure_threads
from smug.warm.stage import run_stage

#: What jobs import besides their stage, most of it inside functions. Keras comes first: it is to
#: find no pandas and no matplotlib (:mod:`smug.lean`). ortools is not here: it and highspy do not
#: live in one process.
_IMPORTED = (
    "keras",
    "smug.methods",
    "smug.models.registry",
    "smug.models.training",
    "smug.pipeline.explain",
    "smug.pipeline.explained_images",
    "smug.pipeline.networks",
    "smug.pipeline.sanity",
    "highspy",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_pdf",
    "matplotlib.pyplot",
    "pandas",
    "pyarrow.parquet",
    "scipy.stats",
    "seaborn",
    "z3",
)


def import_all() -> None:
    """Import every stage and what stages import while they run; compose every configuration once.

    What cannot be imported or composed is left to the job that needs it: its log says why.
    """
    import smug.stages
    from smug.jobs.config import compose, datasets

    configure_threads(1)
    without_extras()
    stages = [f"smug.stages.{module.name}" for module in iter_modules(smug.stages.__path__)]
    for name in (*_IMPORTED, *stages):
        with suppress(Exception):
            import_module(name)
    for dataset in datasets():
        with suppress(Exception):
            compose(dataset)


def serve(listener: socket.socket, parent: int) -> socket.socket | None:
    """Fork for everyone who connects.

    Parameters
    ----------
    listener : socket
    parent : int
        File of the process that all works for; it can be read once that has ended.

    Returns
    -------
    socket or None
        In a fork, the connection to whoever asked for it; in the server None, at its end.
    """
    poll = select.poll()
    for file in (listener.fileno(), parent):
        poll.register(file, select.POLLIN)
    while parent not in [file for file, _ in poll.poll()]:
        asking, _ = listener.accept()
        if os.fork() == 0:
            return asking
        asking.close()
    return None


def work(asking: socket.socket) -> int:
    """Read the job that somebody asks for, run it in their place, and tell them its exit code."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    head, files, _, _ = socket.recv_fds(asking, 8, 2)
    for number, file in enumerate(files, start=1):
        os.dup2(file, number)
        os.close(file)
    with asking.makefile("rb") as stream:
        task: dict[str, Any] = json.loads(stream.read(int.from_bytes(head, "big")))
    asking.sendall(b"+")
    threading.Thread(target=_end_with, args=(asking,), daemon=True).start()
    os.chdir(task["folder"])
    os.environ.clear()
    os.environ.update(task["environment"])
    tempfile.tempdir = None  # found anew: the job's TMPDIR may be another
    code = run_stage(task["stage"], task["words"])
    for output in (sys.stdout, sys.stderr):
        output.flush()
    with suppress(OSError):
        asking.sendall(bytes([code & 255]))
    return code


def _end_with(asking: socket.socket) -> None:
    """End this process with the one that asked for it, which says nothing as long as it lives."""
    with suppress(OSError):
        asking.recv(1)
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Import, and serve those who wait at the socket that the command line names."""
    path = Path(sys.argv[1])
    try:
        parent = os.pidfd_open(int(os.environ[PARENT]))
    except ProcessLookupError:  # Snakemake had nothing to do, or was killed: it is gone by now
        shutil.rmtree(path.parent, ignore_errors=True)
        return
    import_all()
    # Forks share these objects; looking for garbage among them would copy them.
    gc.collect()
    gc.freeze()
    # Nobody waits for forks here: whoever asked for one hears of its end.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(fileno=int(sys.argv[2])) as listener:
        asking = serve(listener, parent)
    if asking is not None:
        # A job's files are written and closed; nothing else of the server's is to be ended here.
        os._exit(work(asking))
    shutil.rmtree(path.parent, ignore_errors=True)


if __name__ == "__main__":
    main()
