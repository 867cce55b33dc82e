"""Masks tried by forward passes: a good first one, and every one of a size."""

from __future__ import annotations

from time import perf_counter

import numpy as np

from smug.masks.network.problem import NEAR, NetworkMaskProblem

BLOCK = 1 << 13  # masks per forward pass: their pre-activations stay in the cache


def greedy_mask(problem: NetworkMaskProblem, deadline: float) -> np.ndarray | None:
    """Indices of active windows that meet the demand, or None if the search finds none.

    Adds the window that helps most until the demand is met, then looks for masks one smaller:
    drop the window that matters least, and exchange single windows while the slack grows.
    """
    chosen = np.zeros(0, int)
    while not problem.satisfied(chosen):
        rest = np.setdiff1d(np.arange(problem.size), chosen)
        if not len(rest) or perf_counter() > deadline:
            return None
        pre = problem.pre_activations(chosen) + problem.contributions[rest]
        chosen = np.append(chosen, rest[problem.slack(pre).argmax()])
    while len(chosen) and perf_counter() < deadline:
        pre = problem.pre_activations(chosen) - problem.contributions[chosen]
        smaller = _exchange(problem, np.delete(chosen, problem.slack(pre).argmax()), deadline)
        if not problem.satisfied(smaller):
            break
        chosen = smaller
    return chosen


def _exchange(problem: NetworkMaskProblem, chosen: np.ndarray, deadline: float) -> np.ndarray:
    """Swap one window at a time, best first, until the demand is met or no swap helps."""
    best = problem.slack(problem.pre_activations(chosen)[None])[0]
    while len(chosen) and best < 0 and perf_counter() < deadline:
        rest = np.setdiff1d(np.arange(problem.size), chosen)
        if not len(rest):
            break
        without = problem.pre_activations(chosen) - problem.contributions[chosen]
        slacks = np.array([problem.slack(row + problem.contributions[rest]) for row in without])
        if slacks.max() <= best + 1e-9:
            break
        best = slacks.max()
        out, into = np.unravel_index(slacks.argmax(), slacks.shape)
        chosen = np.append(np.delete(chosen, out), rest[into])
    return chosen


def try_subsets(
    problem: NetworkMaskProblem, fixed: np.ndarray, candidates: np.ndarray, count: int
) -> np.ndarray | None:
    """First mask of ``fixed`` plus ``count`` candidates that meets the demand; None if none does.

    Every such mask is tried, in blocks of forward passes that share their first-layer sums.
    """
    if count == 0:
        return fixed if problem.satisfied(fixed) else None
    heads, last = _heads(len(candidates), count)
    base = problem.pre_activations(fixed)
    G = problem.contributions[candidates]
    tails = len(candidates) - 1 - last  # each head is completed by every later candidate
    ends = np.cumsum(tails)
    start = 0
    while start < len(heads):
        done = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, done + BLOCK, side="right")))
        head = np.repeat(np.arange(start, stop), tails[start:stop])
        final = np.concatenate([np.arange(i + 1, len(candidates)) for i in last[start:stop]])
        pre = (base + G[heads[start:stop]].sum(axis=1))[head - start]
        pre += G[final]
        slack = problem.slack(pre)
        hits = np.flatnonzero(slack >= -NEAR)
        for hit in hits[np.argsort(-slack[hits])]:
            mask = np.r_[fixed, candidates[np.r_[heads[head[hit]], final[hit]]]]
            if problem.satisfied(mask):
                return mask
        start = stop
    return None


def _heads(n: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """All subsets of ``count - 1`` of n in lexicographic order, and the last member of each."""
    heads, last = np.zeros((1, 0), np.int64), np.array([-1])
    for step in range(count - 1):
        room = np.maximum(n - (count - 1 - step) - 1 - last, 0)  # leave enough for the rest
        parent = np.repeat(np.arange(len(last)), room)
        first = np.repeat(np.cumsum(room) - room, room)
        new = np.arange(len(parent)) - first + last[parent] + 1
        heads, last = np.column_stack([heads[parent], new]), new
    return heads, last
