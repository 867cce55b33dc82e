"""Explain one review that a person typed: any method, SIS and the smallest set side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from smug.datasets.beer.reviews import Review, prepare
from smug.datasets.beer.tokenizer import Tokenizer
from smug.errors import SmugError
from smug.explanation import Explanation
from smug.io import load_json
from smug.jobs.settings.reviews import SufficientWordsSettings
from smug.methods import explain, method_settings, word_scores
from smug.models.networks import text_cnn
from smug.models.registry import load_model
from smug.models.rewire import FAILURES
from smug.reviews.highlighted import Answer, HighlightedReview, highlight
from smug.reviews.sufficient_words import WordSetShard, word_sets_of_shard

#: Settings of SMUG on reviews, where nothing else is asked for: the paper's number of nodes, and
#: our gamma, since the paper's 0 is met by the biases alone in about half of the reviews.
TOP_K, GAMMA = 100, 0.5
#: Names of the two classes of a score.
CLASSES = ("low", "high")
#: Settings of the sufficient words, where nothing else is asked for.
SUFFICIENT = SufficientWordsSettings(
    name="beer",
    rule="fraction",
    fraction=0.9,
    high=0.85,
    low=0.15,
    ties=1e-9,
    limit=100,
    timeout=10.0,
)


@dataclass(frozen=True)
class TextModel:
    """Trained text CNN with its vocabulary and the name of the reviews it was trained on."""

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
        model = load_model(path)
        text_cnn.check(model)
        metrics = path.with_name("metrics.json")
        dataset = load_json(metrics).get("dataset", "") if metrics.exists() else ""
        return cls(model, Tokenizer.load(path.with_name("vocabulary.json")), dataset)


@dataclass(frozen=True)
class ExplainedText:
    """Results of :func:`explain_text`, for the page and for the files.

    Parameters
    ----------
    shown : HighlightedReview
        The card, each method and the sufficient sets side by side.
    explanations : mapping of str to Explanation
        By method.
    failed : mapping of str to str
        Reason of each method that does not suit the network or the text.
    sets : WordSetShard
        The sufficient words.
    """

    shown: HighlightedReview
    explanations: Mapping[str, Explanation]
    failed: Mapping[str, str]
    sets: WordSetShard


def explain_text(
    text_model: TextModel,
    text: str,
    *,
    target: int | None = None,
    methods: Mapping[str, Mapping[str, Any]] | None = None,
    replacement: str | float | np.ndarray = "zero",
    fraction: float = SUFFICIENT.fraction,
    time_limit: float = SUFFICIENT.timeout,
) -> ExplainedText:
    """Explain the network's opinion of a text.

    Parameters
    ----------
    text_model : TextModel
    text : str
        The review; of more words than the network takes, the last ones count.
    target : int, optional
        0 low or 1 high score; the predicted one by default.
    methods : mapping of str to mapping
        Settings of each method, see :func:`smug.methods.explain`; ``smug`` alone by default. For
        ``smug`` :data:`TOP_K` nodes and a gamma of :data:`GAMMA` are the defaults.
    replacement : {"zero", "mean"}, float or numpy.ndarray, shape (d,)
        What a masked word becomes: in the sufficient sets, and in the methods that have the setting
        where theirs is not given.
    fraction : float
        Of the prediction's distance to 0.5 that a sufficient set keeps.
    time_limit : float
        Seconds for the proof of the smallest set.

    Raises
    ------
    SmugError
        A text that is empty, no Unicode or holds no word of the vocabulary, unknown method or
        setting, or no method that suits.
    """
    _check_unicode(text)
    model = text_model.model
    review = prepare(
        [Review("as typed", tuple(text.split()), float("nan"))],
        text_model.tokenizer,
        0,
        max_words=model.input_shape[1],
    )
    nodes = int(np.prod(model.layers[1].output.shape[1:]))
    classes = text_cnn.two_classes(model)
    found: dict[str, Explanation] = {}
    failed: dict[str, str] = {}
    for method, settings in (methods or {"smug": {}}).items():
        chosen = _defaults(method, nodes, replacement) | dict(settings)
        try:
            found[method] = explain(
                classes, review.tokens, target, method, class_names=CLASSES, **chosen
            )
        except FAILURES as error:
            if not methods or len(methods) == 1:
                raise
            failed[method] = " ".join(str(error).split())
    if not found:
        raise SmugError(f"no method suits the text: {'; '.join(failed.values())}")
    from_embeddings = text_cnn.on_embeddings(model)
    sets = word_sets_of_shard(
        review.ids,
        text_cnn.embed(model, review.tokens),
        review.padding,
        text_cnn.network(model),
        lambda embedded: from_embeddings(embedded, training=False)[:, 0],
        replace(SUFFICIENT, fraction=fraction, timeout=time_limit),
        replacement,
    )
    shown = highlight(
        review,
        0,
        {method: _answer(one) for method, one in found.items()} | sets.answers(0),
        prediction=float(text_cnn.predict(model, review.tokens)[0]),
        aspect=text_model.dataset,
    )
    return ExplainedText(shown, found, failed, sets)


def _check_unicode(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise SmugError(
            f"the text holds {text[error.start]!r} at place {error.start}, which is half a "
            "character; save it as UTF-8 and give it again"
        ) from error


def _defaults(method: str, nodes: int, replacement: str | float | np.ndarray) -> dict[str, Any]:
    """Settings of SMUG for reviews, and what a masked word becomes; the others keep their own."""
    known = method_settings(method)
    ours = {"top_k": min(TOP_K, nodes), "gamma": GAMMA, "replacement": replacement}
    if method not in ("smug", "smug_base"):
        ours = {"replacement": replacement}
    return {name: value for name, value in ours.items() if name in known}


def _answer(explanation: Explanation) -> Answer:
    """Scores, mask and status of the only review explained."""
    scores = word_scores(explanation)[0]
    if explanation.mask is None:
        return Answer(scores)
    solver = explanation.solver
    return Answer(
        scores,
        explanation.mask[0],
        found=bool(np.isfinite(solver.get("objective", [0.0])[0])),
        reason=str(solver.get("status", [""])[0]),
    )
