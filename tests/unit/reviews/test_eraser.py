import json
import zipfile

import numpy as np
import pytest
from sklearn.metrics import auc, precision_recall_curve

from smug.reviews.confidence import Confidence
from smug.reviews.eraser import file_of, pack, save_lines, spans
from tests.unit.reviews.toy import asked_of, scores_of

BINS = [0.01, 0.05, 0.1, 0.2, 0.5]


@pytest.fixture
def archive(explained, tmp_path):
    """The table's values, and the archive's files as lists of lines."""
    texts, scores = scores_of(explained)
    save_lines(
        tmp_path / "0.jsonl",
        Confidence(texts, asked_of(explained[0], texts.attributed.target)),
        0.3,
    )
    path = tmp_path / "eraser.zip"
    assert pack([tmp_path / "0.jsonl"], path, generated=True) == 1
    with zipfile.ZipFile(path) as packed:
        files = {name: packed.read(name).decode() for name in packed.namelist()}
    assert "GENERATED" in files.pop("README.txt")
    value = scores.set_index(["image", "method", "metric"])["value"]
    return (
        texts,
        value,
        {k: [json.loads(line) for line in v.splitlines()] for k, v in files.items()},
    )


def test_documents_and_rationales_are_the_reviews(archive):
    texts, _, files = archive
    [document], [annotation] = files["docs.jsonl"], files["test.jsonl"]
    tokens = document["document"].split(" ")
    human = texts.reviews.rationales[0, texts.words(0)]
    assert len(tokens) == len(human) == 9
    assert document["docid"] == annotation["annotation_id"] == "r0"  # r1 has no rationale
    marked = np.zeros(9, bool)
    for evidence in annotation["evidences"][0]:
        assert evidence["docid"] == "r0"
        span = slice(evidence["start_token"], evidence["end_token"])
        assert evidence["text"].split(" ") == tokens[span]
        marked[span] = True
    np.testing.assert_array_equal(marked, human)
    assert annotation["query"] in ("appearance", "aroma", "palate")


@pytest.mark.parametrize("method", ["SMUG_base", "IG", "SIS", "smallest set", "SMUG, gamma 0.5"])
def test_the_files_alone_give_the_tables_values(archive, method):
    """AOPC, AUPRC and token F1 by the formulas of ERASER's scorer."""
    texts, value, files = archive
    [line] = files[file_of(method)]
    [rationale] = line["rationales"]
    human = texts.reviews.rationales[0, texts.words(0)]
    soft, kept = rationale["soft_rationale_predictions"], set()
    for span in rationale["hard_rationale_predictions"]:
        tokens = set(range(span["start_token"], span["end_token"]))
        assert tokens <= set(range(9))
        assert not tokens & kept
        kept |= tokens
    precision, recall, _ = precision_recall_curve(human, soft)
    assert auc(recall, precision) == pytest.approx(value["r0", method, "auprc"])
    right = len(kept & set(np.flatnonzero(human)))
    f1 = 2 * right / (len(kept) + human.sum())
    assert f1 == pytest.approx(value["r0", method, "token_f1"])
    kind, whole = line["classification"], line["classification_scores"]
    assert sum(whole.values()) == pytest.approx(1)
    assert [one["threshold"] for one in line["thresholded_scores"]] == BINS
    for measure in ("sufficiency", "comprehensiveness"):
        key = f"{measure}_classification_scores"
        falls = [whole[kind] - one[key][kind] for one in line["thresholded_scores"]]
        assert np.mean(falls) == pytest.approx(value["r0", method, f"aopc_{measure}"])
    alone = line["sufficiency_classification_scores"][kind]
    assert alone == pytest.approx(value["r0", method, "sufficiency"])
    gone = whole[kind] - line["comprehensiveness_classification_scores"][kind]
    assert gone == pytest.approx(value["r0", method, "comprehensiveness"])


def test_equal_lines_make_equal_archives(explained, tmp_path):
    texts, _ = scores_of(explained)
    made = []
    for name in ("a", "b"):
        save_lines(
            tmp_path / name, Confidence(texts, asked_of(explained[0], texts.attributed.target)), 0.3
        )
        pack([tmp_path / name], tmp_path / f"{name}.zip", generated=False)
        made.append((tmp_path / f"{name}.zip").read_bytes())
    assert made[0] == made[1]


def test_spans_are_the_runs_of_a_mask():
    assert spans(np.array([1, 1, 0, 0, 1, 0, 1, 1, 1], bool)) == [(0, 2), (4, 5), (6, 9)]
    assert spans(np.zeros(3, bool)) == []
