import io
import sys

import numpy as np
from scipy import sparse

from smug.attribution.smug import solve_in_sight
from smug.masks.problem import MaskProblem

PROBLEM = MaskProblem(sparse.csr_array(np.array([[0.6, 0.4], [0.3, 0.7]])), 0.5, 1e-4)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_shows_the_state_of_the_search_and_keeps_no_line(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert solve_in_sight(PROBLEM, solver="anytime").objective == 2
    shown = sys.stderr.getvalue()
    assert "solving: 2 windows, proven at least" in shown
    assert shown.endswith("\r")


def test_a_log_shows_nothing(capsys):
    assert solve_in_sight(PROBLEM, solver="highs").objective == 2
    assert capsys.readouterr().err == ""
