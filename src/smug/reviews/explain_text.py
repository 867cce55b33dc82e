"""Explain one review that a person typed: any method, SIS and the smallest set side by side."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np

from smug.attribution.sufficient_subsets import ranked
from smug.datasets.beer import reviews as beer
from smug.datasets.beer.reviews import Review, Reviews
from smug.datasets.beer.tokenizer import Tokenizer
from smug.errors import SmugError
from smug.explanation import Explanation
from smug.io import load_json
from smug.methods import explain, word_scores
from smug.models.networks import text_cnn
from smug.models.registry import load_model
from smug.reviews.explained import SIS, SMALLEST
from smug.reviews.highlighted import HighlightedReview, mask_note, smallest_note, subset_note
from smug.reviews.sufficient_words import Confirmation, WordSets, confirm, word_sets

#: Nodes that the paper chooses on reviews.
TOP_K = 100
#: Ours: the paper's 0 is met by the biases alone in about half of the reviews.
GAMMA = 0.5


@dataclass(frozen=True)
class TextModel:
    """A trained text CNN with its vocabulary and what its training says of itself."""

    model: keras.Model
    tokenizer: Tokenizer
    dataset: str

    @classmethod
    def load(cls, path: str | Path) -> TextModel:
        """Read ``path`` and, beside it, ``vocabulary.json`` and (if there) ``metrics.json``.

        Raises
        ------
        SmugError
            Missing or damaged file, or a network that is no text CNN.
        """
        path = Path(path)
        if not path.is_file():
            raise SmugError(
                f"no text model {path}; the rule train_text_cnn makes it: "
                "snakemake --cores 2 results/demo/train_text_cnn/model.keras"
            )
        model = load_model(path)
        text_cnn.check(model)
        metrics = path.with_name("metrics.json")
        dataset = load_json(metrics).get("dataset", "") if metrics.exists() else ""
        return cls(model, Tokenizer.load(path.with_name("vocabulary.json")), dataset)


@dataclass(frozen=True)
class ExplainedText:
    """What :func:`explain_text` found, for the page and for the files."""

    shown: HighlightedReview
    attribution: Explanation
    sets: WordSets


def explain_text(
    text_model: TextModel,
    text: str,
    *,
    target: int | None = None,
    method: str = "smug",
    settings: dict[str, Any] | None = None,
    fraction: float = 0.9,
    time_limit: float = 10.0,
) -> ExplainedText:
    """Explain the network's opinion of a text.

    Parameters
    ----------
    text_model : TextModel
    text : str
        The review; of more words than the network takes, the last ones count.
    target : int, optional
        0 low or 1 high score; the predicted one by default.
    method, settings
        See :func:`smug.methods.explain`; ``smug`` takes the paper's 100 nodes, and our
        gamma of 0.5 (at the paper's 0 many masks are empty).
    fraction : float
        Of the prediction's distance to 0.5 that a sufficient set keeps.
    time_limit : float
        Seconds for the proof of the smallest set.

    Raises
    ------
    SmugError
        A text that is empty or holds no word of the vocabulary, unknown method or setting.
    """
    words = tuple(text.split())
    review = beer.prepare(
        [Review("text", words, float("nan"))],
        text_model.tokenizer,
        0,
        max_words=text_model.model.input_shape[1],
    )
    nodes = int(np.prod(text_model.model.layers[1].output.shape[1:]))
    chosen = _defaults(method, nodes) | (settings or {})
    classes = text_cnn.two_classes(text_model.model)
    made = explain(classes, review.tokens, target, method, **chosen)
    embedded, count = text_cnn.embed(text_model.model, review.tokens)[0], int(review.lengths[0])
    sets = word_sets(
        text_cnn.network(text_model.model),
        embedded,
        count,
        SimpleNamespace(
            rule="fraction", fraction=fraction, high=0.85, low=0.15, ties=1e-9, timeout=time_limit
        ),
    )
    from_embeddings = text_cnn.on_embeddings(text_model.model)
    confirmed = confirm(
        lambda batch: from_embeddings(batch, training=False)[:, 0], embedded, count, sets
    )
    saliency, notes = _columns(review, method, made, sets, confirmed)
    shown = HighlightedReview(
        title="text",
        words=words,
        saliency=saliency,
        prediction=float(text_cnn.predict(text_model.model, review.tokens)[0]),
        aspect=text_model.dataset,
        notes=notes,
    )
    return ExplainedText(shown, made, sets)


def _defaults(method: str, nodes: int) -> dict[str, Any]:
    """Settings of SMUG for reviews; the other methods keep their own."""
    if method not in ("smug", "smug_base"):
        return {}
    return {"top_k": min(TOP_K, nodes)} | ({"gamma": GAMMA} if method == "smug" else {})


def _columns(
    review: Reviews, method: str, made: Explanation, sets: WordSets, confirmed: Confirmation
) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Scores of every raw word, and a note, by method."""
    n, notes = int(review.lengths[0]), {}
    tokens = np.where(review.tokens[0] > 0, word_scores(made)[0], 0.0)
    saliency = {method: review.spread(0, tokens)}
    if made.mask is not None:
        found = np.isfinite(made.solver.get("objective", [0.0])[0])
        kept = np.count_nonzero(made.mask[0])
        notes[method] = mask_note(kept, n) if found else f"no answer ({made.solver['status'][0]})"
    smallest, front = sets.smallest, np.zeros(len(tokens) - n)
    saliency[SIS] = review.spread(0, np.concatenate([front, ranked(sets.subsets, n)]))
    notes[SIS] = subset_note(len(sets.first), n, len(sets.subsets), confirmed=confirmed.sis)
    saliency[SMALLEST] = review.spread(0, np.concatenate([front, smallest.mask]))
    notes[SMALLEST] = smallest_note(
        np.count_nonzero(smallest.mask),
        n,
        found=bool(np.isfinite(smallest.objective)),
        status=str(smallest.status),
        bound=smallest.bound,
        confirmed=confirmed.smallest,
    )
    return saliency, notes
