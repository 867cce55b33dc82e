"""End a job with the process that it works for: what nobody waits for must not go on computing."""

from __future__ import annotations

import os
import signal
import threading
import time

#: Variable in which whoever starts a job says which process it works for.
VARIABLE = "SMUG_PARENT"

#: Seconds between two looks, where the system does not wake us.
_PERIOD = 1.0


def end_with_parent() -> None:
    """Watch the process that :data:`VARIABLE` names, if any, and end this one as soon as it ends.

    Snakemake that is killed cannot end its jobs, and a shell stands between it and each of them.
    """
    number = os.environ.get(VARIABLE, "")
    if number.isdecimal():
        threading.Thread(target=_end_after, args=(int(number),), daemon=True).start()


def _end_after(number: int) -> None:
    _wait_for(number)
    # No clean end: the main thread may be deep in a solver. Files are written whole or not at all.
    os.kill(os.getpid(), signal.SIGKILL)


def _wait_for(number: int) -> None:
    """Return when a process has ended."""
    try:
        # A file of the process, which no later process of the same number takes over.
        process = os.pidfd_open(number)
    except ProcessLookupError:
        return
    except (AttributeError, OSError):
        while _lives(number):
            time.sleep(_PERIOD)
        return
    import select

    poll = select.poll()
    poll.register(process, select.POLLIN)
    poll.poll()


def _lives(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
