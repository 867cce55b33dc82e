"""Set up and solve the mask problems of a shard; an input that fails does not stop the others."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import Protocol

import numpy as np
from tqdm import tqdm

from smug.errors import FAILURES, SmugError, unknown_name
from smug.masks.encode import (
    EncodedMask,
    check_top_k,
    encode_first_layer,
    expand_mask,
    mask_grid,
    shrink_mask,
    top_k_nodes,
    without_padding,
)
from smug.masks.network import DenseNetwork, solve_network
from smug.masks.problem import MaskProblem, MaskSolution
from smug.masks.solvers import solve, solvers_of
from smug.pipeline.shards import FAILED, AttributedShard, SolvedShard


class MethodSettings(Protocol):
    """The values of the configuration section ``method``."""

    encoding: str
    top_k: int
    gamma: float
    margin: float
    window: int
    response: str
    ranking: str
    delta: float


class SolverSettings(Protocol):
    """The values of the configuration section ``solver``."""

    name: str
    timeout: float
    threads: int
    seed: int


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
    method, solver
        The configuration sections of these names.
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
    solved = []
    for i in tqdm(range(len(shard.ids)), desc=f"{method.encoding}, {solver.name}", unit="mask"):
        try:
            first = start.masks[i] if start is not None and start.has_mask()[i] else None
            solved.append(solve_input(shard, i, method, solver, first))
        except FAILURES as error:
            print(f"{shard.ids[i]}: {error}")
            nothing = np.zeros(shard.layer.spatial, bool)
            solved.append(SolvedInput(np.zeros(0, np.int64), nothing, None, message=str(error)))
    if solved and all(one.solution is None for one in solved):
        raise SmugError(
            f"no mask: all {len(solved)} inputs failed, {shard.ids[0]} first: {solved[0].message}"
        )
    width = method.top_k if method.encoding == "first_layer" else 0
    return _stack(shard, solved, width)


def _check(shard: AttributedShard, method: MethodSettings, solver: SolverSettings) -> None:
    """Refuse settings that fit no input of the shard."""
    if method.encoding not in _ENCODINGS:
        raise unknown_name("method.encoding", method.encoding, _ENCODINGS)
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
    begin = perf_counter()
    nodes, encoded = _encoded(shard, i, method, solver)
    encode_seconds = perf_counter() - begin
    solution = solve(
        encoded.problem,
        solver=solver.name,
        time_limit=solver.timeout,
        start=None if start is None else _variables(encoded.problem, start, method.window),
        seed=solver.seed,
        threads=solver.threads,
    )
    mask = _on_input(shard, i, encoded.problem, solution.mask, method.window)
    return SolvedInput(nodes, mask, solution, len(encoded.nodes), encode_seconds)


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
    masks, solved = [], []
    for i in tqdm(range(len(shard.ids)), desc="distinct masks", unit="input"):
        found: tuple[np.ndarray, ...] = ()
        solution = None
        try:
            _, encoded = _encoded(shard, i, method, solver)
            solution = solve(
                encoded.problem,
                solver=solver.name,
                time_limit=solver.timeout,
                solutions=solutions,
                seed=solver.seed,
                threads=solver.threads,
            )
            found = solution.masks
        except FAILURES as error:
            print(f"{shard.ids[i]}: {error}")
        shown = [_on_input(shard, i, encoded.problem, mask, method.window) for mask in found]
        masks.append(np.array(shown, bool).reshape(-1, *shard.layer.spatial))
        solved.append(solution)
    return masks, solved


def _encoded(
    shard: AttributedShard, i: int, method: MethodSettings, solver: SolverSettings
) -> tuple[np.ndarray, EncodedMask]:
    """Top nodes of one input and the mask problem they make."""
    values = shard.node_values(i, method.ranking, solver.seed)
    nodes = top_k_nodes(without_padding(shard.layer, values, shard.padding[i]), method.top_k)
    encoded = encode_first_layer(
        shard.layer,
        shard.inputs[i],
        nodes,
        window=method.window,
        gamma=method.gamma,
        margin=method.margin,
        response=method.response,
        fixed=shard.padding[i],
    )
    return nodes, encoded


def _on_input(
    shard: AttributedShard, i: int, problem: MaskProblem, mask: np.ndarray, window: int
) -> np.ndarray:
    """Blow a problem's mask up to pixels (words), padding left out."""
    return expand_mask(problem.grid_mask(mask), shard.layer.spatial, window) & ~shard.padding[i]


def _variables(problem: MaskProblem, mask: np.ndarray, window: int) -> np.ndarray:
    """Read a problem's variables off a mask over pixels (words)."""
    return shrink_mask(mask, window).ravel()[problem.groups]


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
