"""Time and memory that a job took."""

from __future__ import annotations

import os
import sys


def usage(seconds: float) -> dict[str, float]:
    """Time and memory of this process until now, for its record.

    Parameters
    ----------
    seconds : float
        Time that its stage took, by the clock on the wall.

    Returns
    -------
    dict of str to float
        ``seconds``; ``cpu_seconds`` of all processors, user and system, from the start of the
        process on, with the children that have ended; ``peak_mib``, the most memory that this
        process or one of its children held at a time, where the system tells (not on Windows). A
        fork of a process with libraries counts the memory that it shares, too.
    """
    times = os.times()
    processors = times.user + times.system + times.children_user + times.children_system
    used = {"seconds": seconds, "cpu_seconds": processors}
    try:
        import resource
    except ImportError:
        return used
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    peak = max(resource.getrusage(who).ru_maxrss for who in whose)
    # Linux counts in KiB, macOS in bytes.
    return {**used, "peak_mib": peak / (1024**2 if sys.platform == "darwin" else 1024)}
