"""Robust sets of a shard of inputs; an input that fails does not stop the others."""

from __future__ import annotations

from typing import NamedTuple, cast

import keras
import numpy as np

from smug.attribution.robust import Answer, robust
from smug.errors import SmugError
from smug.jobs.settings.robust import RobustSettings
from smug.masks.robust.counterexamples import Counterexamples
from smug.masks.robust.problem import RobustProblem
from smug.masks.robust.search import RobustSet
from smug.models import rewire
from smug.pipeline.each_input import each_input
from smug.pipeline.shards import FAILED, RobustShard

#: What :func:`smug.attribution.robust.robust` returns with its details.
_Detailed = tuple[Answer, list[tuple[RobustProblem, RobustSet]]]


class _Found(NamedTuple):
    """The set of one input, on its pixels, and the counterexample that is shown.

    ``about`` is None where the search failed.
    """

    mask: np.ndarray
    about: RobustSet | None
    released: np.ndarray
    counterexample: np.ndarray
    counterexample_class: int


def robust_shard(
    model: keras.Model,
    x: np.ndarray,
    target: np.ndarray,
    ids: np.ndarray,
    settings: RobustSettings,
    input_range: tuple,
) -> RobustShard:
    """Look for the robust set of every input of a shard, at every epsilon.

    Parameters
    ----------
    model : keras.Model
    x : numpy.ndarray, shape (n, rows, columns) or (n, rows, columns, channels)
        As the model gets it.
    target : numpy.ndarray of int64, shape (n,)
        The predicted classes.
    ids : numpy.ndarray of str, shape (n,)
    settings : RobustSettings
    input_range : tuple
        Black and white as the network gets them.

    Returns
    -------
    RobustShard
        All inputs at the first epsilon, then at the next.

    Raises
    ------
    SmugError
        Every search fails, such as where the network has other layers than it takes.
    """
    kinds = zip(settings.epsilons, settings.windows, strict=True)
    sweep = [(epsilon, window, i) for epsilon, window in kinds for i in range(len(x))]

    def search(row: int) -> _Found:
        epsilon, window, i = sweep[row]
        made = robust(
            model,
            x[i : i + 1],
            target[i : i + 1],
            epsilon=epsilon,
            input_range=input_range,
            window=window,
            margin=settings.margin,
            time_limit=settings.time_limit,
            return_details=True,
        )
        (_, masks, _, against), [(problem, found)] = cast("_Detailed", made)
        return _Found(masks[0], found, *_clearest(against, problem, masks[0], int(target[i])))

    names = np.array([ids[i] for *_, i in sweep], np.str_)
    outcomes = list(
        each_input(names, search, label="robust sets", unit="set", failures=rewire.FAILURES)
    )
    if outcomes and all(outcome.value is None for outcome in outcomes):
        raise SmugError(
            f"no robust set: all {len(outcomes)} searches failed, {names[0]} first: "
            f"{outcomes[0].message}"
        )
    spatial = x.shape[1:3]
    nowhere = np.zeros(spatial, bool)
    none = _Found(nowhere, None, nowhere, np.full(x.shape[1:], np.nan), -1)
    found = [outcome.value or none for outcome in outcomes]
    about = [one.about for one in found]

    def stacked(arrays: list[np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
        return np.array(arrays).reshape(-1, *shape)

    return RobustShard(
        ids=names,
        epsilon=np.array([epsilon for epsilon, *_ in sweep], float),
        window=np.array([window for _, window, _ in sweep], np.int64),
        target=np.array([target[i] for *_, i in sweep], np.int64),
        masks=stacked([one.mask for one in found], spatial),
        status=np.array([str(a.status) if a else FAILED for a in about], np.str_),
        objective=np.array([a.objective if a else np.inf for a in about], float),
        bound=np.array([a.bound if a else 0.0 for a in about], float),
        minimal=np.array([a is not None and a.minimal for a in about], bool),
        first_seconds=np.array([a.first_seconds if a else np.nan for a in about], float),
        seconds=np.array([a.seconds if a else np.nan for a in about], float),
        released=stacked([one.released for one in found], spatial),
        counterexample=stacked([one.counterexample for one in found], x.shape[1:]),
        counterexample_class=np.array([one.counterexample_class for one in found], np.int64),
        message=np.array([outcome.message for outcome in outcomes], np.str_),
    )


def _clearest(
    against: Counterexamples, problem: RobustProblem, mask: np.ndarray, target: int
) -> tuple[np.ndarray, np.ndarray, int]:
    """The part of the set that moves, the input and its class where another one wins most clearly.

    Without a counterexample: no part, NaN and -1.
    """
    if not len(against):
        return np.zeros_like(mask), np.full(against.points.shape[1:], np.nan), -1
    worst = against.lead.argmin()
    moved = problem.groups == against.frees[worst]
    # Within the margin the class has lost its lead, but no other one has won.
    wins = against.becomes[worst] if against.lead[worst] < 0 else target
    return moved.reshape(*mask.shape, -1).any(axis=-1), against.points[worst], int(wins)
