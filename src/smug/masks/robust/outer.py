"""The largest free set, bounded from above by branch and bound over scenarios.

Under one scenario the input moves along fixed directions, ``x + delta * m``: the masks ``m`` that
keep the class there form a mixed-integer set that holds every sufficient set, and many scenarios
together leave little more. Only sets larger than the best known one matter; in that thin slice of
the cube most ReLUs have a known sign, once linear programs have tightened their bounds. The search
branches on the number of free variables while the slice is thick, and on open ReLUs after that.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import highspy
import numpy as np

from smug.masks.problem import Status
from smug.masks.robust.bounds import LayerBounds
from smug.masks.robust.problem import SLACK
from smug.masks.robust.program import Encoded, Program, encode
from smug.masks.robust.scenarios import Scenarios, dense
from smug.masks.robust.tighten import tighten
from smug.masks.solvers.highs import solve_milp

#: A bound this close below a whole number counts as that number.
WHOLE = 1e-6
#: Slices of fewer sizes are not cut in two any more.
THIN = 12


@dataclass
class Slice:
    """Part of the search: sets with ``least`` to ``most`` free variables, and known bounds.

    Parameters
    ----------
    least, most : int
    layers : dict of int to list of LayerBounds
        Bounds of the pre-activations under each scenario in use, by its number.
    """

    least: int
    most: int
    layers: dict[int, list[LayerBounds]] = field(default_factory=dict)

    def part(self, least: int, most: int) -> Slice:
        """A copy with fewer sizes."""
        layers = {
            number: [LayerBounds(layer.lower.copy(), layer.upper.copy()) for layer in net]
            for number, net in self.layers.items()
        }
        return Slice(max(least, self.least), min(most, self.most), layers)


class Relaxation:
    """The linear program of a slice.

    Parameters
    ----------
    scenarios : Scenarios
    slice_ : Slice
        Its bounds are changed in place by :meth:`tighten`.
    deadline : float
        ``perf_counter`` time.
    """

    def __init__(self, scenarios: Scenarios, slice_: Slice, deadline: float) -> None:
        self.scenarios, self.slice, self.deadline = scenarios, slice_, deadline
        self._build()

    def tighten(self) -> bool:
        """Tighten every open ReLU's bounds once; False: the slice is proven empty."""
        self._program.set_cost(self._free, np.zeros(len(self._free)))
        for number, made in self._encoded.items():
            if not tighten(self._program, made, self.slice.layers[number], self.deadline):
                return False
        self._build()
        return True

    def solve(self) -> np.ndarray | None:
        """Lower ``most`` to what the relaxation allows; its optimum, shape (size,).

        None: the slice is proven empty, or the solver failed (then ``least <= most`` still).
        """
        self._program.set_cost(self._free, -np.ones(len(self._free)))
        found = self._program.minimise(self.deadline)
        self._lower(-found.bound)
        self._x = found.x
        return None if found.x is None else np.clip(found.x[self._free], 0, 1)

    def whole(self, time_limit: float) -> np.ndarray | None:
        """Lower ``most`` by the mixed-integer program over variables and ReLUs; its incumbent."""
        self._build(switches=True)
        model, size = self._program.model, len(self._free)
        cost = np.zeros(model.num_col_)
        cost[self._free] = -1.0
        model.col_cost_ = cost
        # A fixed number of variables keeps HiGHS's heuristics from finding any set.
        sides = np.array(model.row_upper_)
        sides[self._sizes] = np.inf
        model.row_upper_ = sides
        kinds = np.zeros(model.num_col_, bool)
        kinds[self._free] = True
        for made in self._encoded.values():
            kinds[np.concatenate(made.switches)] = True
        integer, real = highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous
        model.integrality_ = [integer if chosen else real for chosen in kinds]
        found = solve_milp(model, time_limit=time_limit)
        self._lower(-np.inf if found.status == Status.INFEASIBLE else -found.bound)
        return None if found.x is None else found.x[:size] > 0.5

    def worst(self) -> tuple[int, int, int] | None:
        """Scenario, layer and neuron of the open ReLU that the optimum gets most wrong."""
        worst, most = None, -1.0
        for number, made in self._encoded.items():
            for layer, (pre, post, open_) in enumerate(
                zip(made.pre, made.post, made.open_, strict=True)
            ):
                if not len(open_):
                    continue
                if self._x is None:
                    return number, layer, int(open_[0])
                wrong = self._x[post[open_]] - np.maximum(self._x[pre[open_]], 0)
                wrong = wrong * self._weights[layer][open_]
                if wrong.max() > most:
                    worst, most = (number, layer, int(open_[wrong.argmax()])), wrong.max()
        return worst

    @property
    def open(self) -> int:
        """Number of ReLUs whose sign is not known."""
        return sum(len(open_) for made in self._encoded.values() for open_ in made.open_)

    def _lower(self, most: float) -> None:
        if most < self.slice.most:
            self.slice.most = int(max(np.floor(most + WHOLE), self.slice.least - 1))

    def _build(self, *, switches: bool = False) -> None:
        problem, program = self.scenarios.problem, Program()
        self._program, self._x = program, None
        self._free: np.ndarray = program.columns(np.zeros(problem.size), np.ones(problem.size))
        sizes = float(self.slice.least), float(self.slice.most)
        self._sizes = program.rows([(self._free, np.ones((1, problem.size)))], *sizes)
        W, b = problem.output
        self._encoded: dict[int, Encoded] = {}
        for number, layers in self.slice.layers.items():
            first = (self.scenarios.effects[number], self.scenarios.start)
            made = encode(program, problem.network, self._free, first, layers, switches=switches)
            program.rows([(made.post[-1], W.T)], problem.margin * (1 - SLACK) - b, np.inf)
            self._encoded[number] = made
        after = [*(W for W in problem.network.weights[1:-1]), W]
        self._weights = [np.abs(matrix).sum(axis=1) for matrix in after]
        program.load()


def sorted_bounds(scenarios: Scenarios, number: int, least: int, most: int) -> list[LayerBounds]:
    """Bounds under a scenario with any ``least`` to ``most`` variables: sums of sorted effects."""
    effect, network = dense(scenarios.effects[number]), scenarios.problem.network
    order = np.sort(effect, axis=0)
    none = np.zeros((1, effect.shape[1]))
    up = np.concatenate([none, np.cumsum(order, axis=0)])[least : most + 1]
    down = np.concatenate([none, np.cumsum(order[::-1], axis=0)])[least : most + 1]
    lower, upper = scenarios.start + up.min(axis=0), scenarios.start + down.max(axis=0)
    layers = [LayerBounds(lower[None], upper[None])]
    for W, b in zip(network.weights[1:-1], network.biases[1:-1], strict=True):
        floor, roof = (np.maximum(end, 0) for end in layers[-1])
        plus, minus = np.maximum(W, 0), np.minimum(W, 0)
        low, high = floor @ plus + roof @ minus + b, roof @ plus + floor @ minus + b
        layers.append(LayerBounds(low, high))
    return layers
