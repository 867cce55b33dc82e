"""Reviews with their rationales, and every method's answers, as ERASER's scorer reads them.

Lines of JSON in the layout of the ERASER benchmark (DeYoung et al. 2020, arXiv 1911.03429): the
documents, the annotations of a split, and a file of predictions for each method. A document is a
review as the model sees it, one token for each word; the query is the aspect, the classes are the
two halves of its score. Only reviews whose human marked a word stand in them: the scorer finds a
document by its rationale.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from smug.datasets.beer.reviews import ASPECTS
from smug.io import atomic
from smug.metrics.eraser import BINS, best_words
from smug.models.balance import MIDDLE
from smug.reviews.confidence import Confidence
from smug.reviews.score_rows import answer, word_budget

#: Names of the classes, by the index of the explained class.
CLASSES = ("low", "high")
DOCUMENTS, ANNOTATIONS = "docs.jsonl", "test.jsonl"
_README = """Reviews, human rationales and predictions in the layout of the ERASER benchmark.
{said}
Its scorer (rationale_benchmark/metrics.py of its code) reads them from the unpacked folder:
--data_dir . --split test --results predictions/smug.jsonl --score_file scores.json
Every file is JSON lines; of {reviews} reviews with a human rationale.
"""


def lines(confidence: Confidence, share: float) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the lines of one shard, each with the name of the file it belongs to.

    Parameters
    ----------
    confidence : Confidence
        The explained reviews with their network.
    share : float
        See :func:`~smug.reviews.score_rows.word_budget`.
    """
    explained = confidence.explained
    reviews, query = explained.reviews, ASPECTS[explained.reviews.aspect]
    for i, name in enumerate(reviews.ids.tolist()):
        words, human = explained.words(i), reviews.rationales[i, explained.words(i)]
        if not human.any():
            continue
        raw = reviews.words(i)
        tokens = [raw[position] for position in reviews.positions[i, words]]
        yield DOCUMENTS, {"docid": name, "document": " ".join(tokens)}
        yield ANNOTATIONS, _annotation(name, query, tokens, human, float(reviews.scores[i]))
        for method, shard in explained.methods.items():
            if shard.found[i]:
                saliency, mask = answer(shard, i, words, word_budget(human, share))
                yield file_of(method), _prediction(confidence, i, saliency, mask)


def file_of(method: str) -> str:
    """Name of the file of a method's predictions."""
    plain = re.sub(r"[^a-z0-9.]+", "_", method.lower()).strip("_.")
    return f"predictions/{plain}.jsonl"


def save_lines(path: Path, confidence: Confidence, share: float) -> None:
    """Write the lines of one shard, each with the name of its file; see :func:`lines`."""
    with atomic(path) as temporary, temporary.open("w", encoding="utf-8") as stream:
        for name, line in lines(confidence, share):
            stream.write(json.dumps([name, line], allow_nan=False) + "\n")


def pack(shards: Sequence[Path], archive: Path, *, generated: bool) -> int:
    """Write the lines of all shards as one archive of ERASER's files.

    Parameters
    ----------
    shards : sequence of path
        Files of :func:`save_lines`.
    archive : path
        A ``.zip`` file; its bytes depend on the lines only.
    generated : bool
        Whether a generator wrote the reviews, which the archive says.

    Returns
    -------
    int
        Number of reviews in it.
    """
    files: dict[str, list[str]] = {DOCUMENTS: [], ANNOTATIONS: []}
    for shard in shards:
        for stored in shard.read_text("utf-8").splitlines():
            name, line = json.loads(stored)
            files.setdefault(name, []).append(json.dumps(line) + "\n")
    said = "The reviews are GENERATED: a seeded program wrote them." if generated else ""
    readme = _README.format(said=said, reviews=len(files[ANNOTATIONS]))
    with atomic(archive) as temporary, zipfile.ZipFile(temporary, "w") as packed:
        for name, content in {"README.txt": [readme], **files}.items():
            # A ZipInfo without a date is of 1980, so that equal lines make equal archives.
            packed.writestr(zipfile.ZipInfo(name), "".join(content), zipfile.ZIP_DEFLATED)
    return len(files[ANNOTATIONS])


def spans(mask: np.ndarray) -> list[tuple[int, int]]:
    """Runs of True in a mask, shape (n,), as ``[start, end)``."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def _annotation(
    name: str, query: str, tokens: list[str], human: np.ndarray, score: float
) -> dict[str, Any]:
    evidence = [
        {
            "text": " ".join(tokens[start:end]),
            "docid": name,
            "start_token": start,
            "end_token": end,
            "start_sentence": -1,
            "end_sentence": -1,
        }
        for start, end in spans(human)
    ]
    return {
        "annotation_id": name,
        "query": query,
        "query_type": None,
        "docids": [name],
        "evidences": [evidence],
        "classification": CLASSES[score >= MIDDLE],
    }


def _prediction(
    confidence: Confidence, i: int, saliency: np.ndarray, mask: np.ndarray
) -> dict[str, Any]:
    explained, ask = confidence.explained, confidence.of(i)
    name = str(explained.reviews.ids[i])
    target = int(explained.attributed.target[i])

    def scores(part: np.ndarray) -> dict[str, float]:
        p = ask(part)
        return {CLASSES[target]: p, CLASSES[1 - target]: 1 - p}

    best = {share: best_words(saliency, share) for share in BINS}
    return {
        "annotation_id": name,
        "rationales": [
            {
                "docid": name,
                "hard_rationale_predictions": [
                    {"start_token": start, "end_token": end} for start, end in spans(mask)
                ],
                "soft_rationale_predictions": saliency.astype(float).tolist(),
            }
        ],
        "classification": CLASSES[target],
        "classification_scores": scores(np.ones_like(mask)),
        "sufficiency_classification_scores": scores(mask),
        "comprehensiveness_classification_scores": scores(~mask),
        "thresholded_scores": [
            {
                "threshold": share,
                "sufficiency_classification_scores": scores(part),
                "comprehensiveness_classification_scores": scores(~part),
            }
            for share, part in best.items()
        ],
    }
