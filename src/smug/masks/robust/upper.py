"""Large free sets: linear pieces of the network at the edge of the class make knapsack rows.

Where the network is linear, the worst point of a free set costs each free variable a fixed part of
the lead: what may be free is a knapsack. Its linear program over the pieces met so far, rounded
down, gives a set; the oracle's counterexample to it gives the next piece.
"""

from __future__ import annotations

from time import perf_counter

import numpy as np

from smug.masks.robust.attack import attack, gradients
from smug.masks.robust.bounds import LinearBound, hidden_bounds, linear_bound
from smug.masks.robust.oracle import Oracle, OutOfTime
from smug.masks.robust.program import Program
from smug.masks.robust.scenarios import Scenarios, corner, whole

#: Knapsacks before the pieces are taken anew at the best set, and how often that is done.
KNAPSACKS, RENEWALS = 12, 6
#: Multiplications of the forward passes that are made at once.
FORWARD = 2**26
#: Halvings on the way to the edge of the class.
HALVINGS = 30


class UpperSearch:
    """Search for large free sets of one problem.

    Parameters
    ----------
    oracle : Oracle
    scenarios : Scenarios
        Where counterexamples are kept; it grows.
    """

    def __init__(self, oracle: Oracle, scenarios: Scenarios) -> None:
        self.oracle, self.scenarios = oracle, scenarios
        self.problem = oracle.problem
        # A free set, how many scenarios were tried on it with one variable more, and the least
        # lead with each.
        self._tried = b"", 0, np.zeros(0)

    def large_set(self) -> np.ndarray:
        """A free set that bounds or the oracle confirm, bool of shape (size,)."""
        best, start = self.certified(), np.zeros(self.problem.size, bool)
        for _ in range(RENEWALS):
            try:
                found = self._by_knapsacks(start)
            except OutOfTime:
                break
            if found is None or found.sum() <= best.sum():
                break
            best = start = found
        return best

    def certified(self) -> np.ndarray:
        """A free set that linear bounds alone confirm, bool of shape (size,).

        The variables are sorted by what they cost of the bounds over the whole range; as many of
        the cheapest are free as the bounds allow. That takes a few passes on any network.
        """
        problem = self.problem
        free = np.ones(problem.size, bool)
        bound = self._bound(free)
        doubtful = np.flatnonzero(bound.least[0] < problem.margin)
        if not len(doubtful):
            return free
        A = bound.coefficients[0, doubtful]
        cost = np.maximum(A * (problem.x - problem.low), A * (problem.x - problem.high))
        leads = problem.leads(problem.x[None])[0, doubtful]
        order = np.argsort((problem.by_variable(cost.T) / leads).max(axis=1))
        kept, lost = 0, problem.size
        while lost - kept > 1 and perf_counter() < self.oracle.deadline:
            middle = (kept + lost) // 2
            free[order[:middle]], free[order[middle:]] = True, False
            if self._bound(free).least.min() >= problem.margin:
                kept = middle
            else:
                lost = middle
        free[order[:kept]], free[order[kept:]] = True, False
        return free

    def _bound(self, free: np.ndarray) -> LinearBound:
        problem = self.problem
        low, high = problem.box(free[None])
        layers = hidden_bounds(problem.network, low, high)
        return linear_bound(problem.network, layers, *problem.output, low, high)

    def maximal(self, free: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Free one variable after the other until none can be added, or the time is over.

        Parameters
        ----------
        free : numpy.ndarray of bool, shape (size,)
            A set that the oracle has confirmed.

        Returns
        -------
        free : numpy.ndarray of bool, shape (size,)
        against : numpy.ndarray of int, shape (size,)
            For each variable that is not free the scenario under which the class is lost once it
            is free too; -1 for the others, and for those that the time did not reach.
        """
        free = free.copy()
        against = np.full(self.problem.size, -1)
        while True:
            rest, leads = self._unrefuted(free, against)
            if not len(rest) or perf_counter() > self.oracle.deadline:
                return free, against
            variable = rest[leads.argmax()]
            more = free.copy()
            more[variable] = True
            try:
                verdict = self.oracle.decide(more)
            except OutOfTime:
                return free, against
            if verdict.kept:
                free = more
                against[:] = -1
            else:
                against[variable] = self.learn(verdict.point, more)

    def learn(self, point: np.ndarray, free: np.ndarray) -> int:
        """Keep a counterexample to a set as a scenario; its number."""
        rival = int(self.problem.leads(point[None])[0].argmin())
        shift = corner(self.problem, point, rival)
        felt = self.problem.x + shift * free[self.problem.groups]
        if self.problem.leads(felt[None]).min() >= self.problem.margin:
            shift = whole(self.problem, point, free, rival)
        return self.scenarios.add(shift)

    def _unrefuted(self, free: np.ndarray, against: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Variables that no scenario keeps from being freed, with their least lead so far."""
        key = free.tobytes()
        if self._tried[0] != key:
            self._tried = key, 0, np.full(self.problem.size, np.inf)
        _, done, least = self._tried
        rest = np.flatnonzero(~free & (against < 0))
        # The newest first: most variables fall to the last few.
        numbers = np.arange(done, len(self.scenarios))[::-1]
        while len(numbers) and len(rest):
            count = max(1, FORWARD // (len(rest) * self.problem.work))
            some, numbers = numbers[:count], numbers[count:]
            leads = self.scenarios.leads_with(free, rest, some).min(axis=2)
            least[rest] = np.minimum(least[rest], leads.min(axis=0))
            for position in np.flatnonzero(leads.min(axis=0) < self.problem.margin):
                more = free.copy()
                more[rest[position]] = True
                number = int(some[leads[:, position].argmin()])
                # The sums above are ordered otherwise than a forward pass.
                point = self.scenarios.point(number, more)
                if self.problem.leads(point[None]).min() < self.problem.margin:
                    against[rest[position]] = number
            rest = rest[against[rest] < 0]
        self._tried = key, len(self.scenarios), least
        return rest, least[rest]

    def _by_knapsacks(self, best: np.ndarray) -> np.ndarray | None:
        rows = self._rows_beyond(best)
        for _ in range(KNAPSACKS):
            free = self._fill(rows)
            if free is None or perf_counter() > self.oracle.deadline:
                return None
            verdict = self.oracle.decide(free)
            if verdict.kept:
                return free
            self.learn(verdict.point, free)
            new = self._rows_at(verdict.point, free)
            if not new:
                return None
            rows += new
        return None

    def _rows_beyond(self, free: np.ndarray) -> list[tuple[np.ndarray, float]]:
        """Pieces just beyond a set that is sufficient, one for each rival that can win."""
        problem, rows = self.problem, []
        count = len(problem.rivals)
        low, high = (np.broadcast_to(end, (count, len(end))) for end in problem.box(free))
        starts = np.broadcast_to(problem.x, low.shape)
        points, _ = attack(problem, low, high, starts, np.arange(count))
        for rival, point in enumerate(points):
            outside = problem.x + whole(problem, point, free, rival)
            rows += self._row(point, outside, rival)
        return rows

    def _rows_at(self, point: np.ndarray, free: np.ndarray) -> list[tuple[np.ndarray, float]]:
        """Pieces on the way from ``x`` to points where rivals win."""
        problem, rows = self.problem, []
        count = len(problem.rivals)
        low, high = (np.broadcast_to(end, (count, len(end))) for end in problem.box(free))
        starts = np.broadcast_to(point, low.shape)
        points, leads = attack(problem, low, high, starts, np.arange(count))
        for rival in np.flatnonzero(leads < problem.margin):
            rows += self._row(problem.x, points[rival], int(rival))
        return rows

    def _row(
        self, inside: np.ndarray, outside: np.ndarray, rival: int
    ) -> list[tuple[np.ndarray, float]]:
        """``cost @ free <= budget`` of the piece where a path leaves the class, if it does."""
        problem, kept, lost = self.problem, 0.0, 1.0
        if problem.leads(outside[None])[0, rival] >= problem.margin:
            return []
        for _ in range(HALVINGS):
            middle = (kept + lost) / 2
            point = inside + middle * (outside - inside)
            if problem.leads(point[None])[0, rival] >= problem.margin:
                kept = middle
            else:
                lost = middle
        point = inside + kept * (outside - inside)
        lead, slope = gradients(problem, point[None], np.array([rival]))
        shift = np.where(slope[0] > 0, problem.low, problem.high) - problem.x
        budget = lead[0] + slope[0] @ (problem.x - point) - problem.margin
        return [(problem.by_variable(-slope[0] * shift), float(budget))]

    def _fill(self, rows: list[tuple[np.ndarray, float]]) -> np.ndarray | None:
        """Most variables within all budgets, rounded down from the linear program."""
        if not rows:
            return np.ones(self.problem.size, bool)
        program = Program()
        size = self.problem.size
        columns = program.columns(np.zeros(size), np.ones(size))
        costs, budgets = (np.array(part) for part in zip(*rows, strict=True))
        program.rows([(columns, costs)], -np.inf, budgets)
        program.load()
        program.set_cost(columns, -np.ones(size))
        found = program.minimise()
        return None if found.x is None else found.x > 1 - 1e-6
