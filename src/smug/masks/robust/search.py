"""Smallest robust sets: the search for large free sets and the bound on them feed each other."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

import numpy as np

from smug.masks.problem import Progress, Status, relative_gap
from smug.masks.robust.oracle import Oracle, OutOfTime
from smug.masks.robust.outer import THIN, WHOLE, Relaxation, Slice, sorted_bounds
from smug.masks.robust.patterns import Patterns
from smug.masks.robust.problem import SLACK, RobustProblem
from smug.masks.robust.scenarios import Scenarios
from smug.masks.robust.upper import UpperSearch

#: Share of its sizes, or of its open ReLUs, that a slice has to lose to be tightened again.
PAYS = 0.2
#: Seconds for one mixed-integer program.
WHOLE_SECONDS = 20.0
#: Share of the time that the search for sets has before the bound's.
SETS_FIRST = 0.5
#: Variables and ReLUs of a problem, together, for which such a program is asked first.
SMALL = 100


@dataclass(frozen=True)
class RobustSet:
    """A sufficient set and what is proven about it.

    Parameters
    ----------
    kept : numpy.ndarray of bool, shape (size,)
        The set: variables that keep the class, whatever the others become. All True at worst.
    status : Status
        ``optimal``: no smaller set is sufficient; ``feasible``: see ``bound``.
    bound : int
        Proven lower bound on the size of any sufficient set.
    scenarios : numpy.ndarray of float64, shape (scenarios, inputs)
        Shifts of the input, each within what the features may do.
    against : numpy.ndarray of int, shape (size,)
        For each kept variable the scenario that loses the class once this variable is free too;
        -1 for free ones, and for kept ones that the time did not reach.
    seconds, first_seconds : float
        Wall time in all, and until the first set from which no variable can be dropped; NaN if
        the time was over before.
    """

    kept: np.ndarray
    status: Status
    bound: int
    scenarios: np.ndarray
    against: np.ndarray
    seconds: float
    first_seconds: float

    @property
    def objective(self) -> int:
        """Size of the set."""
        return int(self.kept.sum())

    @property
    def minimal(self) -> bool:
        """True if a scenario speaks for every kept variable: none can be dropped alone."""
        return bool((self.against[self.kept] >= 0).all())

    def counterexample(self, problem: RobustProblem, variable: int) -> np.ndarray:
        """The input, shape (inputs,), that loses the class once a kept variable moves too."""
        moving = ~self.kept
        moving[variable] = True
        shift = self.scenarios[self.against[variable]]
        # ``x + (low - x)`` may lie a rounding below ``low``.
        return np.clip(problem.x + shift, *problem.box(moving))

    @property
    def gap(self) -> float:
        """See :func:`smug.masks.problem.relative_gap`."""
        return float(relative_gap(self.objective, self.bound))


def smallest_set(
    problem: RobustProblem, *, time_limit: float = 60.0, progress: Progress | None = None
) -> RobustSet:
    """Search for the smallest sufficient set until it is proven or the time is over.

    Parameters
    ----------
    problem : RobustProblem
    time_limit : float
        Seconds.
    progress : callable, optional
        Called with ``(seconds, size, bound)`` whenever either number improves.
    """
    return _Search(problem, time_limit, progress).run()


class _Search:
    def __init__(
        self, problem: RobustProblem, time_limit: float, progress: Progress | None
    ) -> None:
        self.begin = perf_counter()
        self.problem, self.progress = problem, progress
        self.deadline = self.begin + time_limit
        self.oracle = Oracle(problem, self.deadline)
        self.scenarios = Scenarios(problem)
        self.upper = UpperSearch(self.oracle, self.scenarios)
        self.free = np.zeros(problem.size, bool)
        self.against = np.full(problem.size, -1)
        self.most = problem.size
        self.first = np.nan
        neurons = [len(b) for b in problem.network.biases[:-1]]
        self.small = problem.size + sum(neurons) <= SMALL
        # A pattern has a row for each feature, whatever windows they make.
        self.by_patterns = len(neurons) == 1 and len(problem.x) + sum(neurons) <= SMALL
        self.asked: set[bytes] = set()
        self.stuck: list[Slice] = []

    def run(self) -> RobustSet:
        try:
            # A hard question to the oracle must not keep the bound from its turn.
            self.oracle.deadline = self.begin + SETS_FIRST * (self.deadline - self.begin)
            self._improve(self.upper.large_set())
            self.oracle.deadline = self.deadline
            if (self.against[~self.free] >= 0).all():
                self.first = perf_counter() - self.begin
            if self.by_patterns:
                self._close_by_patterns()
            self._close()
        except OutOfTime:
            pass
        proven = self.most <= self.free.sum()
        return RobustSet(
            ~self.free,
            Status.OPTIMAL if proven else Status.FEASIBLE,
            self.problem.size - self.most,
            np.array(self.scenarios.shifts).reshape(-1, len(self.problem.x)),
            self.against,
            perf_counter() - self.begin,
            self.first,
        )

    def _improve(self, free: np.ndarray) -> None:
        """Take a larger confirmed set, with all that can still be freed beside it."""
        self.free = free
        self.against = np.full(self.problem.size, -1)
        self.free, self.against = self.upper.maximal(free)
        self._report()

    def _report(self) -> None:
        if self.progress is not None:
            size = self.problem.size
            self.progress(
                perf_counter() - self.begin,
                float(size - self.free.sum()),
                float(size - self.most),
            )

    def _close_by_patterns(self) -> None:
        """Ask the oracle about the largest set that some activation patterns allow, then add its.

        Of small networks with one hidden layer, as for tables, where a few patterns usually prove
        the smallest set; on larger ones branching alone does better.
        """
        patterns = Patterns(self.problem)
        while self.most > self.free.sum():
            seconds = self.deadline - perf_counter()
            if seconds <= 0:
                raise OutOfTime
            free, most = patterns.solve(seconds)
            self._bound(most)
            if free is None or self.most <= self.free.sum():
                return
            verdict = self.oracle.decide(free)
            if verdict.kept and free.sum() > self.free.sum():
                self._improve(free)
            elif verdict.kept or not patterns.add(verdict.point):
                return

    def _close(self) -> None:
        """Branch and bound: always at the slice that allows the most."""
        slices = [Slice(int(self.free.sum()) + 1, self.problem.size)]
        while slices:
            slices.sort(key=lambda part: part.most)
            part = slices.pop()
            # Whatever is found, this slice and those set aside allow no more.
            self._bound(max(held.most for held in (part, *self.stuck)))
            part.least = max(part.least, int(self.free.sum()) + 1)
            if part.least <= part.most:
                slices += self._explore(part)
        self._bound(max((held.most for held in self.stuck), default=0))

    def _bound(self, most: int) -> None:
        most = max(most, int(self.free.sum()))
        if most < self.most:
            self.most = most
            self._report()

    def _explore(self, part: Slice) -> list[Slice]:
        """Tighten a slice as long as that pays; what is left of it, in parts."""
        while True:
            if perf_counter() > self.deadline:
                raise OutOfTime
            relaxation = Relaxation(self.scenarios, part, self.deadline)
            if (self.small and self._whole(part, relaxation)) or self._solved(part, relaxation):
                continue
            before, opened = part.most, relaxation.open
            if part.most < part.least or not relaxation.tighten():
                return []
            if self._solved(part, relaxation):
                continue
            if part.most < part.least:
                return []
            lowered, closed = before - part.most, opened - relaxation.open
            if lowered < PAYS * (part.most - part.least + 1) and closed <= PAYS * opened:
                return self._branch(part, relaxation)

    def _solved(self, part: Slice, relaxation: Relaxation) -> bool:
        """Solve a slice's program; whether a scenario or a larger free set came of it."""
        optimum = relaxation.solve()
        return optimum is not None and part.most >= part.least and self._learned(part, optimum)

    def _whole(self, part: Slice, relaxation: Relaxation) -> bool:
        """The same with whole variables and ReLUs, as far as the time allows."""
        seconds = min(WHOLE_SECONDS, self.deadline - perf_counter())
        free = relaxation.whole(max(seconds, 0.0))
        return free is not None and part.most >= part.least and self._learned(part, free * 1.0)

    def _learned(self, part: Slice, optimum: np.ndarray) -> bool:
        """Take a scenario or a larger free set from an optimum, if it has one; whether it has."""
        unused = [n for n in range(len(self.scenarios)) if n not in part.layers]
        if unused:
            leads = self.scenarios.leads(optimum[None])[unused, 0].min(axis=1)
            if leads.min() < self.problem.margin * (1 - SLACK):
                self._use(part, unused[int(leads.argmin())])
                return True
        return self._try(part, optimum > 1 - WHOLE)

    def _use(self, part: Slice, number: int) -> None:
        part.layers[number] = sorted_bounds(self.scenarios, number, part.least, part.most)

    def _try(self, part: Slice, free: np.ndarray) -> bool:
        """Ask the oracle about a set; whether the slice has changed by it."""
        key = free.tobytes()
        if key in self.asked:
            return False
        self.asked.add(key)
        verdict = self.oracle.decide(free)
        if verdict.kept:
            if free.sum() <= self.free.sum():
                return False
            self._improve(free)
            part.least = int(self.free.sum()) + 1
            return part.most >= part.least
        number = self.upper.learn(verdict.point, free)
        if number in part.layers:
            return False
        self._use(part, number)
        return True

    def _branch(self, part: Slice, relaxation: Relaxation) -> list[Slice]:
        if part.most - part.least >= THIN and relaxation.open:
            middle = (part.least + part.most + 1) // 2
            return [part.part(part.least, middle - 1), part.part(middle, part.most)]
        worst = relaxation.worst()
        if worst is None:
            seconds = min(WHOLE_SECONDS, self.deadline - perf_counter())
            free = relaxation.whole(max(seconds, 0.0))
            if part.most < part.least:
                return []
            if free is None or not (self._try(part, free) or free.sum() <= self.free.sum()):
                # HiGHS' tolerance and the oracle's disagree, or it found nothing in its time.
                self.stuck.append(part)
                return []
            return [part]
        number, layer, neuron = worst
        off, on = (part.part(part.least, part.most) for _ in range(2))
        off.layers[number][layer].upper[0, neuron] = 0.0
        on.layers[number][layer].lower[0, neuron] = 0.0
        return [off, on]
