"""Sufficient input subsets of texts, and the proven smallest set of words, shard by shard.

For text CNNs of two classes; :mod:`smug.reviews.asked_words` is for any other network.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from tqdm import tqdm

from smug.attribution.sufficient_subsets import (
    Subset,
    Threshold,
    choose_threshold,
    ranked,
)
from smug.attribution.sufficient_words import sufficient_words
from smug.jobs.settings.reviews import SufficientWordsSettings
from smug.masks.problem import MaskSolution, Status
from smug.masks.replacement import replaced_word
from smug.masks.text.problem import MaskedText, TextNetwork
from smug.masks.text.search import smallest_mask
from smug.pipeline.shards import ArraysShard
from smug.reviews.highlighted import SufficientSet

#: Names to show.
SIS, SMALLEST = "SIS", "smallest set"

#: Status of a text whose prediction the rule gives no threshold, and of one whose network lets
#: nobody prove a smallest set.
UNDECIDED, UNSEARCHED = "undecided", "not searched"

#: From embeddings, shape (n, length, d), to the network's own predicted scores, shape (n,).
Predict = Callable[[np.ndarray], np.ndarray]

_FLOAT32 = 1e-5  # how far the network's float32 prediction may lie from the exact one


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
    rows : numpy.ndarray of int, shape (n,)
        Rows of the words among the embeddings.
    replacement : numpy.ndarray, shape (d,)
        Embedding that a masked word takes.
    """

    threshold: Threshold | None
    subsets: list[Subset]
    smallest: MaskSolution | None
    sis_seconds: float
    rows: np.ndarray
    replacement: np.ndarray

    @property
    def first(self) -> np.ndarray:
        """Positions of the first subset's words, none without a subset."""
        return self.subsets[0].members if self.subsets else np.zeros(0, np.int64)


def word_sets(
    network: TextNetwork,
    embedded: np.ndarray,
    rows: np.ndarray,
    settings: SufficientWordsSettings,
    replacement: str | float | np.ndarray = "zero",
) -> WordSets:
    """Find the sufficient words of one review.

    Parameters
    ----------
    network : TextNetwork
    embedded : numpy.ndarray, shape (length, d)
        Embeddings of the padded review.
    rows : numpy.ndarray of int, shape (n,)
        Rows of its words, one behind the other.
    settings : SufficientWordsSettings
        The threshold's rule and the seconds for the proof.
    replacement : {"zero", "mean"}, float or numpy.ndarray, shape (d,)
        What a masked word becomes, see :func:`smug.masks.replacement.replaced_word`.
    """
    words = len(rows)
    instead = replaced_word(embedded[rows], replacement)
    threshold = choose_threshold(
        float(network.logits(embedded)),
        rule=settings.rule,
        high=settings.high,
        low=settings.low,
        fraction=settings.fraction,
    )
    if threshold is None:
        return WordSets(None, [], None, 0.0, rows, instead)
    side = network if threshold.above else network.negated()
    text = MaskedText(side, embedded, words, instead, int(rows[0]))
    # The whole review reaches its own threshold, whatever the last digit says.
    demand = min(threshold.logit, text.logit(np.ones(words, bool)))
    begin = perf_counter()
    subsets = sufficient_words(text, demand, ties=settings.ties, limit=settings.limit)
    seconds = perf_counter() - begin
    start = subsets[0].mask(words) if subsets else None
    if start is not None and text.logit(start) < demand:
        # The last digit of an updated logit is not that of a full evaluation.
        start = None
    smallest = smallest_mask(text, demand, time_limit=settings.timeout, start=start)
    return WordSets(threshold, subsets, smallest, seconds, rows, instead)


@dataclass(frozen=True)
class Confirmation:
    """True for sets whose words alone keep the network itself on the threshold's side."""

    sis: bool
    smallest: bool


def confirm(predict: Predict, embedded: np.ndarray, found: WordSets) -> Confirmation:
    """Run the network on the first subset and on the smallest set of one review.

    Parameters
    ----------
    predict : callable
    embedded : numpy.ndarray, shape (length, d)
        Embeddings of the padded review.
    found : WordSets
    """
    if found.threshold is None or found.smallest is None:
        return Confirmation(False, False)
    first = np.zeros(len(found.rows), bool)
    first[found.first] = True
    alone = np.repeat(embedded[np.newaxis], 2, axis=0)
    for shown, kept in zip(alone, (first, found.smallest.mask), strict=True):
        shown[found.rows[~kept]] = found.replacement
    distance = np.asarray(predict(alone), np.float64) - found.threshold.probability
    holds = (distance if found.threshold.above else -distance) >= -_FLOAT32
    return Confirmation(
        bool(found.subsets and holds[0]), bool(np.isfinite(found.smallest.objective) and holds[1])
    )


@dataclass(frozen=True)
class WordSetShard(ArraysShard):
    """Sufficient words of one shard; row i is one review.

    Parameters
    ----------
    ids : numpy.ndarray of str, shape (n,)
    threshold : numpy.ndarray of float64, shape (n,)
        Probability of a high score (or the second class) to reach; NaN where the rule gives none.
    above : numpy.ndarray of bool, shape (n,)
        Whether the prediction has to stay at or above the threshold, or at or below.
    sis : numpy.ndarray of bool, shape (n, length)
        First sufficient input subset.
    ranked : numpy.ndarray of float64, shape (n, length)
        All disjoint subsets: 1 in the first, falling evenly to 0 outside all of them.
    subsets : numpy.ndarray of int64, shape (n,)
        Number of disjoint subsets found, at most the limit.
    smallest : numpy.ndarray of bool, shape (n, length)
        Smallest sufficient set of words.
    status : numpy.ndarray of str, shape (n,)
        Of the search for it, see :class:`smug.masks.problem.Status`, ``undecided`` or
        ``not searched``.
    objective, bound : numpy.ndarray of float64, shape (n,)
        Its size, and the proven least size.
    sis_confirmed, confirmed : numpy.ndarray of bool, shape (n,)
        Whether the network itself stays on the threshold's side on the first subset, and on the
        smallest set, alone.
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
    sis_confirmed: np.ndarray
    confirmed: np.ndarray
    sis_seconds: np.ndarray
    seconds: np.ndarray

    @property
    def answered(self) -> np.ndarray:
        """True for reviews of which a smallest set, proven or not, was found, shape (n,) bool."""
        return np.isin(self.status, (Status.OPTIMAL, Status.FEASIBLE))

    @property
    def searched(self) -> bool:
        """True where a smallest set was looked for."""
        return bool((self.status != UNSEARCHED).any())

    def answers(self, i: int) -> dict[str, SufficientSet]:
        """Subsets and smallest set of review ``i`` as its card shows them, by the names to show."""
        status = str(self.status[i])
        first = SufficientSet(
            scores=self.ranked[i],
            mask=self.sis[i],
            found=bool(self.subsets[i]),
            confirmed=bool(self.sis_confirmed[i]),
            subsets=int(self.subsets[i]),
        )
        if not self.searched:
            return {SIS: first}
        smallest = SufficientSet(
            scores=self.smallest[i].astype(float),
            mask=self.smallest[i],
            found=bool(self.answered[i]),
            reason="no threshold" if status == UNDECIDED else status,
            confirmed=bool(self.confirmed[i]),
            bound=float(self.bound[i]),
        )
        return {SIS: first, SMALLEST: smallest}


def word_sets_of_shard(
    ids: np.ndarray,
    inputs: np.ndarray,
    padding: np.ndarray,
    network: TextNetwork,
    predict: Predict,
    settings: SufficientWordsSettings,
    replacement: str | float | np.ndarray = "zero",
) -> WordSetShard:
    """Find the sufficient words of every review of a shard, and ask the network about them.

    Parameters
    ----------
    ids : numpy.ndarray of str, shape (n,)
    inputs : numpy.ndarray, shape (n, length, d)
        Embeddings of the padded reviews.
    padding : numpy.ndarray of bool, shape (n, length)
    network, predict, settings, replacement
        See :func:`word_sets` and :func:`confirm`.
    """
    found: list[WordSets] = []
    checked: list[Confirmation] = []
    # One review is done before a progress line says anything.
    shown = tqdm(inputs, desc="sufficient words", unit="review", disable=len(inputs) < 2)
    for embedded, padded in zip(shown, padding, strict=True):
        rows = np.flatnonzero(~padded)
        found.append(word_sets(network, embedded, rows, settings, replacement))
        checked.append(confirm(predict, embedded, found[-1]))
    n, length = padding.shape
    sis, smallest = np.zeros((n, length), bool), np.zeros((n, length), bool)
    scores = np.zeros((n, length))
    for i, one in enumerate(found):
        scores[i, one.rows] = ranked(one.subsets, len(one.rows))
        sis[i, one.rows[one.first]] = True
        if one.smallest is not None:
            smallest[i, one.rows] = one.smallest.mask
    thresholds = [one.threshold for one in found]
    solutions = [one.smallest for one in found]
    return WordSetShard(
        ids=ids,
        threshold=np.array([t.probability if t else np.nan for t in thresholds], float),
        above=np.array([t is not None and t.above for t in thresholds], bool),
        sis=sis,
        ranked=scores,
        subsets=np.array([len(one.subsets) for one in found], np.int64),
        smallest=smallest,
        status=np.array([str(s.status) if s else UNDECIDED for s in solutions], np.str_),
        objective=np.array([s.objective if s else np.inf for s in solutions], float),
        bound=np.array([s.bound if s else 0.0 for s in solutions], float),
        sis_confirmed=np.array([one.sis for one in checked], bool),
        confirmed=np.array([one.smallest for one in checked], bool),
        sis_seconds=np.array([one.sis_seconds for one in found], float),
        seconds=np.array([s.seconds if s else 0.0 for s in solutions], float),
    )
