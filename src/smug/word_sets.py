"""Sufficient input subsets of reviews, and the proven smallest set of words, shard by shard."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Protocol

import numpy as np
from tqdm import tqdm

from smug.io import load_arrays, save_arrays
from smug.masks.problem import MaskSolution
from smug.masks.text_network import MaskedText, TextNetwork, smallest_mask
from smug.shards import AttributedShard
from smug.sis import Subset, Threshold, choose_threshold, sufficient_words

#: Status of a review whose prediction the rule gives no threshold.
UNDECIDED = "undecided"


class Settings(Protocol):
    """The values of the configuration section ``sufficient_words``."""

    rule: str
    fraction: float
    high: float
    low: float
    ties: float
    timeout: float


@dataclass(frozen=True)
class WordSets:
    """Sufficient words of one review, as raw results.

    Parameters
    ----------
    threshold : Threshold or None
        None where the rule gives the prediction none; then there are no sets.
    subsets : list of Subset
        Disjoint sufficient input subsets, in the order found.
    smallest : MaskSolution or None
        The smallest set of words, started from the first subset.
    sis_seconds : float
        Time of the first subset and all others.
    """

    threshold: Threshold | None
    subsets: list[Subset]
    smallest: MaskSolution | None
    sis_seconds: float

    def ranked(self, words: int) -> np.ndarray:
        """Score of every word: 1 in the first subset, falling evenly to 0 outside all of them."""
        scores = np.zeros(words)
        for rank, subset in enumerate(self.subsets):
            scores[subset.members] = (len(self.subsets) - rank) / len(self.subsets)
        return scores


def word_sets(
    network: TextNetwork, embedded: np.ndarray, words: int, settings: Settings
) -> WordSets:
    """Find the sufficient words of one review.

    Parameters
    ----------
    network : TextNetwork
    embedded : numpy.ndarray, shape (length, d)
        Embeddings of the padded review.
    words : int
        Number of words, the last rows of ``embedded``.
    settings : Settings
        The threshold's rule and the seconds for the proof.
    """
    prediction = float(1 / (1 + np.exp(-network.logits(embedded))))
    threshold = choose_threshold(
        prediction,
        rule=settings.rule,
        high=settings.high,
        low=settings.low,
        fraction=settings.fraction,
    )
    if threshold is None:
        return WordSets(None, [], None, 0.0)
    text = MaskedText(network if threshold.above else network.negated(), embedded, words)
    begin = perf_counter()
    subsets = sufficient_words(text, threshold.logit, ties=settings.ties)
    seconds = perf_counter() - begin
    start = subsets[0].mask(words) if subsets else None
    if start is not None and text.logit(start) < threshold.logit:
        # The last digit of an updated logit is not that of a full evaluation.
        start = None
    smallest = smallest_mask(text, threshold.logit, time_limit=settings.timeout, start=start)
    return WordSets(threshold, subsets, smallest, seconds)


@dataclass(frozen=True)
class WordSetShard:
    """Sufficient words of one shard; row i is one review.

    Parameters
    ----------
    ids : numpy.ndarray of str, shape (n,)
    threshold : numpy.ndarray of float64, shape (n,)
        Probability of a high score to reach; NaN where the rule gives none.
    above : numpy.ndarray of bool, shape (n,)
        Whether the prediction has to stay at or above the threshold, or at or below.
    sis : numpy.ndarray of bool, shape (n, length)
        First sufficient input subset.
    ranked : numpy.ndarray of float64, shape (n, length)
        All disjoint subsets: 1 in the first, falling evenly to 0 outside all of them.
    subsets : numpy.ndarray of int64, shape (n,)
        Number of disjoint subsets.
    smallest : numpy.ndarray of bool, shape (n, length)
        Smallest sufficient set of words.
    status : numpy.ndarray of str, shape (n,)
        Of the search for it, see :class:`smug.masks.problem.Status`, or ``undecided``.
    objective, bound : numpy.ndarray of float64, shape (n,)
        Its size, and the proven least size.
    sis_seconds, seconds : numpy.ndarray of float64, shape (n,)
        Time of all subsets, and of the search for the smallest set.
    """

    ids: np.ndarray
    threshold: np.ndarray
    above: np.ndarray
    sis: np.ndarray
    ranked: np.ndarray
    subsets: np.ndarray
    smallest: np.ndarray
    status: np.ndarray
    objective: np.ndarray
    bound: np.ndarray
    sis_seconds: np.ndarray
    seconds: np.ndarray

    def save(self, path: str | Path) -> None:
        """Write as ``.npz``."""
        save_arrays(path, vars(self))

    @classmethod
    def load(cls, path: str | Path) -> WordSetShard:
        """Read what :meth:`save` wrote."""
        return cls(**load_arrays(path))


def word_sets_of_shard(
    shard: AttributedShard, network: TextNetwork, settings: Settings
) -> WordSetShard:
    """Find the sufficient words of every review of a shard."""
    found = []
    for embedded, padding in zip(
        tqdm(shard.inputs, desc="sufficient words", unit="review"), shard.padding, strict=True
    ):
        found.append(word_sets(network, embedded, int((~padding).sum()), settings))
    n, length = shard.padding.shape
    sis, smallest = np.zeros((n, length), bool), np.zeros((n, length), bool)
    ranked = np.zeros((n, length))
    for i, one in enumerate(found):
        words = np.flatnonzero(~shard.padding[i])
        ranked[i, words] = one.ranked(len(words))
        if one.subsets:
            sis[i, words[one.subsets[0].members]] = True
        if one.smallest is not None:
            smallest[i, words] = one.smallest.mask
    thresholds = [one.threshold for one in found]
    solutions = [one.smallest for one in found]
    return WordSetShard(
        ids=shard.ids,
        threshold=np.array([t.probability if t else np.nan for t in thresholds], float),
        above=np.array([t is not None and t.above for t in thresholds], bool),
        sis=sis,
        ranked=ranked,
        subsets=np.array([len(one.subsets) for one in found], np.int64),
        smallest=smallest,
        status=np.array([str(s.status) if s else UNDECIDED for s in solutions], np.str_),
        objective=np.array([s.objective if s else np.inf for s in solutions], float),
        bound=np.array([s.bound if s else 0.0 for s in solutions], float),
        sis_seconds=np.array([one.sis_seconds for one in found], float),
        seconds=np.array([s.seconds if s else 0.0 for s in solutions], float),
    )
