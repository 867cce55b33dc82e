"""Full-network masks: the fewest windows that make the whole network keep its class."""

from __future__ import annotations

from time import perf_counter

import numpy as np

from smug.errors import unknown_name
from smug.limits import check_number
from smug.masks.network.problem import DenseNetwork, NetworkMaskProblem, network_problem
from smug.masks.network.search import Deepening, OutOfTime
from smug.masks.network.subsets import greedy_mask
from smug.masks.problem import MaskSolution, Progress, Status
from smug.masks.solvers import solvers_of
from smug.masks.solvers.child import solve_in_child

__all__ = ["DenseNetwork", "NetworkMaskProblem", "network_problem", "solve_network"]


def solve_network(
    network: DenseNetwork,
    x: np.ndarray,
    label: int,
    *,
    window: int,
    delta: float = 0.0,
    margin: float = 1e-4,
    replacement: np.ndarray | None = None,
    solver: str = "auto",
    image_shape: tuple[int, ...] = (28, 28),
    time_limit: float = 60.0,
    seed: int = 0,
    progress: Progress | None = None,
) -> MaskSolution:
    """Smallest set of windows with which the whole network keeps its class.

    ``minimise sum(m)  subject to  logit_y(x * m) - logit_j(x * m) >= delta + margin`` for every
    class ``j != y`` (Sahoo et al. 2021, the full encoding; with a replacement ``r`` the network
    sees ``r + (x - r) * m``). The whole image itself meets this
    only if ``delta + margin`` is at most its own lead; beyond it, a smaller mask still may. If the
    network answers ``label`` even for the empty image, the empty mask is the answer.

    Parameters
    ----------
    network : DenseNetwork
        Dense layers with ReLU between them, without the softmax.
    x : numpy.ndarray, shape image_shape or (inputs,)
        One image, as the network takes it.
    label : int
        Class to keep.
    window : int
        Side of a window in pixels.
    delta, margin : float
        Lead over every other class, in logits, and what ``>`` means in floating point.
    replacement : numpy.ndarray, shaped like `x`, optional
        What removed pixels hold; zeros by default.
    solver : {"auto", "highs", "z3"}
        ``auto``, the same as ``highs``, decides size after size by forward passes and branch
        and bound over HiGHS' linear programs; ``z3`` has the network as one formula with ReLU
        as if-then-else.
    image_shape : tuple of int
        (rows, columns) or (rows, columns, channels).
    time_limit : float
        Seconds for the whole call.
    seed : int
        Random seed of the solver.
    progress : callable, optional
        Called with ``(seconds, objective, bound)`` whenever either number improves.

    Returns
    -------
    MaskSolution
        ``mask`` has one entry per window of the image, row by row; every mask returned has
        been confirmed by a forward pass outside the solver.

    Raises
    ------
    SmugError
        If an argument is not usable; see :func:`network_problem`.
    """
    begin = perf_counter()
    if solver not in solvers_of("network"):
        raise unknown_name("solver for the full-network encoding", solver, solvers_of("network"))
    check_number("time_limit", time_limit)
    problem = network_problem(
        network,
        x,
        label,
        window=window,
        delta=delta,
        margin=margin,
        replacement=replacement,
        image_shape=image_shape,
    )
    chosen, bound = _SEARCHES[solver](problem, begin, time_limit, seed, progress)
    return _solution(problem, chosen, bound, perf_counter() - begin, solver)


def _with_highs(
    problem: NetworkMaskProblem,
    begin: float,
    time_limit: float,
    seed: int,
    progress: Progress | None,
) -> tuple[np.ndarray | None, float]:
    deadline = begin + time_limit
    best = greedy_mask(problem, deadline)
    deepening = Deepening(problem, deadline, seed)
    limit = problem.size + 1 if best is None else len(best)
    for count in range(limit):
        if progress is not None:
            size = np.inf if best is None else len(best)
            progress(perf_counter() - begin, float(size), float(count))
        # A size may be excluded without a search, which alone would look at the clock.
        if perf_counter() > deadline:
            return best, float(count)
        try:
            found = deepening.find(count)
        except OutOfTime:
            return best, float(count)
        if found is not None:
            best = found
            break
    bound = np.inf if best is None else float(len(best))
    if progress is not None:
        progress(perf_counter() - begin, bound, bound)
    return best, bound


def _with_z3(
    problem: NetworkMaskProblem,
    begin: float,
    time_limit: float,
    seed: int,
    progress: Progress | None,
) -> tuple[np.ndarray | None, float]:
    found = solve_in_child(
        "z3",
        "smug.masks.network.encode_z3:search",
        problem,
        time_limit=begin + time_limit - perf_counter(),
        seed=seed,
        progress=progress,
    )
    chosen = np.flatnonzero(found.mask)
    if np.isfinite(found.objective) and problem.satisfied(chosen):
        return chosen, found.bound
    # A bound beside a mask that fails the check is not to be trusted either.
    return None, 0.0 if np.isfinite(found.objective) else found.bound


def _solution(
    problem: NetworkMaskProblem,
    chosen: np.ndarray | None,
    bound: float,
    seconds: float,
    solver: str,
) -> MaskSolution:
    if chosen is None:
        status = Status.INFEASIBLE if bound == np.inf else Status.TIMEOUT
        empty = problem.grid_mask(np.zeros(0, int))
        return MaskSolution(empty, status, np.inf, bound, seconds, solver)
    objective = float(len(chosen))
    status = Status.OPTIMAL if bound >= objective else Status.FEASIBLE
    mask = problem.grid_mask(chosen)
    return MaskSolution(mask, status, objective, bound, seconds, solver, (mask,))


#: Search of each solver that takes this encoding, by its name in the registry.
_SEARCHES = {"auto": _with_highs, "highs": _with_highs, "z3": _with_z3}
