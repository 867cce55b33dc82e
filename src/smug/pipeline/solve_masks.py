"""Set up and solve the mask problems of a shard; an input that fails does not stop the others."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from smug.errors import SmugError, unknown_name
from smug.jobs.settings.explanations import MethodSettings, SolverSettings
from smug.limits import check_name
from smug.masks.encode import check_top_k, expand_mask, mask_grid
from smug.masks.minimal import MinimalMask, minimal_mask
from smug.masks.network import DenseNetwork, solve_network
from smug.masks.problem import MaskSolution
from smug.masks.replacement import replacement_of
from smug.masks.solvers import solvers_of
from smug.pipeline.each_input import each_input
from smug.pipeline.shards import FAILED, AttributedShard, SolvedShard


@dataclass(frozen=True)
class SolvedInput:
    """The minimal mask of one input, on its pixels or words; None where it failed."""

    nodes: np.ndarray
    mask: np.ndarray
    solution: MaskSolution | None
    rows: int = 0
    encode_seconds: float = 0.0
    message: str = ""


def solve_shard(
    shard: AttributedShard,
    method: MethodSettings,
    solver: SolverSettings,
    start: SolvedShard | None = None,
) -> SolvedShard:
    """Find the smallest mask of every input of a shard.

    Parameters
    ----------
    shard : AttributedShard
    method : MethodSettings
    solver : SolverSettings
    start : SolvedShard, optional
        Masks of the same inputs to start from, such as those of a larger gamma.

    Returns
    -------
    SolvedShard
        Inputs whose problem cannot be set up have the status ``failed`` and a message.

    Raises
    ------
    SmugError
        For settings that fit no input, or when every input fails.
    """
    _check(shard, method, solver)
    solve_input = _ENCODINGS[method.encoding]

    def solve_one(i: int) -> SolvedInput:
        first = start.masks[i] if start is not None and start.has_mask()[i] else None
        return solve_input(shard, i, method, solver, first)

    label = f"{method.encoding}, {solver.name}"
    nothing = SolvedInput(np.zeros(0, np.int64), np.zeros(shard.layer.spatial, bool), None)
    solved = [
        outcome.value or replace(nothing, message=outcome.message)
        for outcome in each_input(shard.ids, solve_one, label=label, unit="mask")
    ]
    if solved and all(one.solution is None for one in solved):
        raise SmugError(
            f"no mask: all {len(solved)} inputs failed, {shard.ids[0]} first: {solved[0].message}"
        )
    width = method.top_k if method.encoding == "first_layer" else 0
    return _stack(shard, solved, width)


def _check(shard: AttributedShard, method: MethodSettings, solver: SolverSettings) -> None:
    """Refuse settings that fit no input of the shard."""
    check_name("encoding", method.encoding, key="method.encoding")
    mask_grid(shard.layer.spatial, method.window)
    if method.encoding == "first_layer":
        check_top_k(method.top_k, shard.layer.size)
    elif not shard.dense:
        raise SmugError(
            "method.encoding=network needs a network of dense ReLU layers; use first_layer"
        )
    known = solvers_of(method.encoding)
    if solver.name not in known:
        raise unknown_name(f"solver for method.encoding={method.encoding}", solver.name, known)


def _stack(shard: AttributedShard, solved: list[SolvedInput], width: int) -> SolvedShard:
    nodes = np.full((len(solved), width), -1, np.int64)
    for row, one in zip(nodes, solved, strict=True):
        row[: len(one.nodes)] = one.nodes
    found = [one.solution for one in solved]
    return SolvedShard(
        ids=shard.ids,
        masks=np.array([one.mask for one in solved], bool).reshape(-1, *shard.layer.spatial),
        nodes=nodes,
        status=np.array([str(s.status) if s else FAILED for s in found], np.str_),
        objective=np.array([s.objective if s else np.inf for s in found], float),
        bound=np.array([s.bound if s else 0.0 for s in found], float),
        rows=np.array([one.rows for one in solved], np.int64),
        variables=np.array([len(s.mask) if s else 0 for s in found], np.int64),
        encode_seconds=np.array([one.encode_seconds for one in solved], float),
        solve_seconds=np.array([s.seconds if s else 0.0 for s in found], float),
        message=np.array([one.message for one in solved], np.str_),
    )


def _first_layer(
    shard: AttributedShard,
    i: int,
    method: MethodSettings,
    solver: SolverSettings,
    start: np.ndarray | None,
) -> SolvedInput:
    """SMUG: encode the first layer only."""
    found = _minimal_mask(shard, i, method, solver, start=start)
    rows = len(found.encoded.nodes)
    return SolvedInput(found.chosen.nodes, found.mask, found.solution, rows, found.encode_seconds)


def several_masks(
    shard: AttributedShard, method: MethodSettings, solver: SolverSettings, solutions: int
) -> tuple[list[np.ndarray], list[MaskSolution | None]]:
    """Look for distinct masks of the smallest size of every input (first layer encoded).

    Returns
    -------
    masks : list of numpy.ndarray of bool, shape (found, *spatial)
        None are found for an input whose problem cannot be set up or whose time runs out.
    solutions : list of MaskSolution or None
        None for an input whose problem cannot be set up.
    """
    _check(shard, method, solver)

    def solve_one(i: int) -> MinimalMask:
        return _minimal_mask(shard, i, method, solver, solutions=solutions)

    found = [outcome.value for outcome in each_input(shard.ids, solve_one, label="distinct masks")]
    masks = [[] if one is None else one.masks for one in found]
    return (
        [np.array(some, bool).reshape(-1, *shard.layer.spatial) for some in masks],
        [None if one is None else one.solution for one in found],
    )


def _minimal_mask(
    shard: AttributedShard,
    i: int,
    method: MethodSettings,
    solver: SolverSettings,
    *,
    start: np.ndarray | None = None,
    solutions: int = 1,
) -> MinimalMask:
    return minimal_mask(
        shard.layer,
        shard.inputs[i],
        shard.node_values(i, method.ranking, solver.seed),
        shard.padding[i],
        top_k=method.top_k,
        gamma=method.gamma,
        window=method.window,
        margin=method.margin,
        response=method.response,
        replacement=method.replacement,
        solver=solver.name,
        time_limit=solver.timeout,
        start=start,
        solutions=solutions,
        seed=solver.seed,
        threads=solver.threads,
    )


def _network(
    shard: AttributedShard,
    i: int,
    method: MethodSettings,
    solver: SolverSettings,
    start: np.ndarray | None,
) -> SolvedInput:
    """Encode the whole network of dense ReLU layers (paper, section 4.1)."""
    kernels, biases = zip(*shard.dense, strict=True)
    solution = solve_network(
        DenseNetwork(kernels, biases),
        shard.inputs[i],
        int(shard.target[i]),
        window=method.window,
        delta=method.delta,
        margin=method.margin,
        replacement=replacement_of(
            shard.layer, shard.inputs[i], shard.padding[i], method.replacement
        ),
        solver=solver.name,
        image_shape=shard.layer.spatial,
        time_limit=solver.timeout,
        seed=solver.seed,
    )
    grid = mask_grid(shard.layer.spatial, method.window)
    mask = expand_mask(solution.mask.reshape(grid), shard.layer.spatial, method.window)
    rivals = shard.dense[-1][1].size - 1
    return SolvedInput(np.zeros(0, np.int64), mask, solution, rivals)


_ENCODINGS = {"first_layer": _first_layer, "network": _network}
