"""Reviews of one shard with the answers of all methods, word by word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smug.datasets.beer.reviews import ASPECTS, Reviews
from smug.errors import SmugError
from smug.io import load_arrays, load_json
from smug.jobs.settings.datasets import BeerSettings, DatasetSettings
from smug.pipeline.method_names import method_name
from smug.pipeline.shards import AttributedShard, SaliencyShard, SolvedShard
from smug.reviews.highlighted import Answer, HighlightedReview, highlight
from smug.reviews.sufficient_words import SIS, SMALLEST, WordSetShard

#: Names to show.
SMUG, SMUG_BASE = "SMUG", "SMUG_base"


def smug_at(gamma: float) -> str:
    """Name of SMUG at another gamma than the method's own."""
    return f"{SMUG}, gamma {gamma:g}"


def foreign_rationale(data: DatasetSettings) -> str:
    """Aspect of the human rationales where it is not the network's own, else nothing."""
    if not isinstance(data, BeerSettings):
        return ""
    marked = data.aspect if data.rationale_aspect is None else data.rationale_aspect
    return ASPECTS[marked] if marked != data.aspect and data.explain == "annotated" else ""


@dataclass(frozen=True)
class MethodShard:
    """One method on one shard; row i is one review, columns are tokens with the padding.

    Parameters
    ----------
    maps : numpy.ndarray, shape (n, length)
        Scores >= 0.
    masks : numpy.ndarray of bool, shape (n, length), or None
        Words that the method keeps; None for one that has no mask.
    found : numpy.ndarray of bool, shape (n,)
        Where the method has an answer.
    seconds : numpy.ndarray of float64, shape (n,)
    """

    maps: np.ndarray
    masks: np.ndarray | None
    found: np.ndarray
    seconds: np.ndarray


@dataclass(frozen=True)
class ExplainedReviews:
    """Reviews of one shard with the answers of all methods.

    Parameters
    ----------
    reviews : Reviews
    attributed : AttributedShard
    sets : WordSetShard or None
        None where nobody looked for sufficient words.
    methods : dict of str to MethodShard
        By shown name, in the order of the table and the figure.
    """

    reviews: Reviews
    attributed: AttributedShard
    sets: WordSetShard | None
    methods: dict[str, MethodShard]

    def __len__(self) -> int:
        return len(self.reviews)

    def words(self, i: int) -> np.ndarray:
        """Columns of review ``i`` that hold words."""
        return np.flatnonzero(~self.attributed.padding[i])

    def highlighted(self, i: int, *, rationale: str) -> HighlightedReview:
        """Card of review ``i``: sufficient words first, then the other methods.

        Parameters
        ----------
        i : int
        rationale : str
            See :func:`foreign_rationale`.
        """
        others = {
            name: Answer(
                method.maps[i],
                None if method.masks is None else method.masks[i],
                found=bool(method.found[i]),
            )
            for name, method in self.methods.items()
            if name not in (SIS, SMALLEST)
        }
        probability, target = self.attributed.probability[i], int(self.attributed.target[i])
        subject, prediction = self.reviews.explained_as(probability, target)
        truth = self.reviews.truth(i)
        remarks = [f" (rationale of {rationale})"] if rationale else []
        remarks += [f" (truly {truth})"] if truth and truth != subject else []
        return highlight(
            self.reviews,
            i,
            ({} if self.sets is None else self.sets.answers(i)) | others,
            prediction=prediction,
            aspect="".join([subject, *remarks]),
        )


def smug_files(
    masks: Sequence[Path], maps: Sequence[Path], gamma: float
) -> dict[str, tuple[Path, Path]]:
    """Name the files of SMUG: of the method's own gamma first, then of the one set beside it."""
    return dict(zip((SMUG, smug_at(gamma)), zip(masks, maps, strict=True), strict=True))


def load_explained(
    *,
    reviews: Reviews,
    attribution: Path,
    smug: Mapping[str, tuple[Path, Path]],
    maps: Sequence[Path],
    settings: Sequence[Path],
    sets: Path | None = None,
) -> ExplainedReviews:
    """Read the files of one shard, one or several of each method.

    Parameters
    ----------
    reviews : Reviews
        Of this shard.
    attribution : path
        Output of ``attribute``.
    smug : mapping of str to (path, path)
        Outputs of ``solve_masks`` and ``saliency`` by the name to show; SMUG_base is that of the
        first.
    maps, settings : sequence of path
        Maps and records of ``explain``, a pair a method.
    sets : path, optional
        Output of ``sufficient_words``.

    Raises
    ------
    SmugError
        The files are not about the same reviews.
    """
    attributed = AttributedShard.load(attribution)
    found = None if sets is None else WordSetShard.load(sets)
    methods: dict[str, MethodShard] = {}
    bases: list[MethodShard] = []
    ids_of = {"attribution": attributed.ids}
    if found is not None:
        ids_of["sets"] = found.ids
    for name, (masks, scores) in smug.items():
        solved, scored = SolvedShard.load(masks), load_arrays(scores)
        ids_of[f"maps of {name}"] = scored["ids"]
        seconds = attributed.seconds + solved.encode_seconds + solved.solve_seconds
        methods[name] = MethodShard(scored["smug"], solved.masks, solved.has_mask(), seconds)
        seen = scored["seen"]
        bases.append(
            MethodShard(scored["smug_base"], seen, np.asarray(seen.any(axis=1)), attributed.seconds)
        )
    methods[SMUG_BASE] = bases[0]
    for name, ids in ids_of.items():
        if not np.array_equal(ids, reviews.ids):
            raise SmugError(
                f"the {name} are of {len(ids)} other inputs than the {len(reviews)} reviews; "
                "give files of the same shard"
            )
    for path, record in zip(maps, settings, strict=True):
        name = load_json(record)["config"]["explainer"]["name"]
        shard = SaliencyShard.load(path)
        methods[method_name(name)] = MethodShard(
            shard.maps, None, np.equal(shard.message, ""), shard.seconds
        )
    if found is not None:
        methods[SIS] = MethodShard(found.ranked, found.sis, found.subsets > 0, found.sis_seconds)
    if found is not None and found.searched:
        methods[SMALLEST] = MethodShard(
            found.smallest.astype(float),
            found.smallest,
            found.answered,
            found.sis_seconds + found.seconds,
        )
    return ExplainedReviews(reviews, attributed, found, methods)
