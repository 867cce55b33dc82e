import os
from types import SimpleNamespace

import pytest

from smug.jobs import usage

TIMES = SimpleNamespace(user=1.0, system=0.5, children_user=2.0, children_system=0.25)


@pytest.mark.parametrize(("system", "unit"), [("linux", 1024), ("darwin", 1024**2)])
def test_time_counts_children_and_memory_is_the_most_of_one_process(monkeypatch, system, unit):
    resource = pytest.importorskip("resource")
    peaks = {resource.RUSAGE_SELF: 3 * unit, resource.RUSAGE_CHILDREN: 7 * unit}
    monkeypatch.setattr(os, "times", lambda: TIMES)
    monkeypatch.setattr(usage.sys, "platform", system)
    monkeypatch.setattr(resource, "getrusage", lambda who: SimpleNamespace(ru_maxrss=peaks[who]))
    used = usage.usage(0.125)
    assert used == {"seconds": 0.125, "cpu_seconds": 3.75, "peak_mib": 7.0}


def test_without_a_count_of_memory_there_is_the_time(monkeypatch):
    monkeypatch.setattr(os, "times", lambda: TIMES)
    monkeypatch.setitem(__import__("sys").modules, "resource", None)
    assert usage.usage(1.0) == {"seconds": 1.0, "cpu_seconds": 3.75}
