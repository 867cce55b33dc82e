from dataclasses import replace
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from smug.attribution.sufficient_subsets import sufficient_subsets
from smug.errors import SmugError
from smug.reviews.asked_words import subsets_of_shard
from smug.reviews.sufficient_words import SIS, WordSetShard
from tests.unit.reviews.toy import SETTINGS

X = np.array([[3, 1, 3, 3, 5, 0, 0], [2, 6, 5, 2, 0, 0, 0], [7, 0, 0, 0, 0, 0, 0]])
#: A text without any word keeps a third.
MORE = replace(SETTINGS, fraction=0.6)


@pytest.fixture
def model():
    """A network of three classes, which is no text CNN."""
    made = keras.Sequential(
        [
            keras.Input((7,), dtype="int32"),
            keras.layers.Embedding(9, 3),
            keras.layers.GlobalAveragePooling1D(),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    # Each word speaks for the class that its id leaves, divided by three; padding for none.
    votes = np.tile(np.eye(3), (3, 1))
    votes[0] = 0
    made.set_weights([votes, 21 * np.eye(3), np.zeros(3)])
    return made


def shard(model):
    target = np.asarray(model(X)).argmax(axis=1)
    return SimpleNamespace(ids=np.array(["a", "b", "c"]), target=target)


def test_subsets_are_those_of_the_plain_loop_over_words(model, tmp_path):
    attributed = shard(model)
    found = subsets_of_shard(model, X, attributed, MORE)
    embedding, *rest = model.layers
    embedded = np.asarray(embedding.embeddings)[X]
    after = keras.Sequential([keras.Input((7, 3)), *rest])
    for i, target in enumerate(attributed.target):
        probability = float(np.asarray(model(X))[i, target])
        plain = sufficient_subsets(
            lambda batch, target=target: np.asarray(after(batch))[:, target],
            embedded[i],
            MORE.fraction * probability,
            maskable=X[i] > 0,
            ties=MORE.ties,
        )
        assert found.subsets[i] == len(plain)
        assert sorted(plain[0].members) == np.flatnonzero(found.sis[i]).tolist()
        assert not found.ranked[i][X[i] == 0].any()
    assert found.sis_confirmed.all()
    assert found.subsets.tolist() == [2, 2, 1]
    # Nobody looked for a smallest set, and no card or table says that it was not found.
    assert not found.searched
    assert list(found.answers(0)) == [SIS]
    assert found.answers(0)[SIS].note(5).startswith(f"{found.sis[0].sum()} of 5 words")
    found.save(tmp_path / "sets.npz")
    assert not WordSetShard.load(tmp_path / "sets.npz").searched


def test_a_text_that_fails_stops_no_other(model):
    x = X.copy()
    x[1] = 0  # padding alone
    found = subsets_of_shard(model, x, shard(model), MORE)
    assert (found.subsets > 0).tolist() == [True, False, True]
    assert not found.answers(1)[SIS].found


def test_fixed_thresholds_are_refused(model):
    with pytest.raises(SmugError, match=r"rule=fixed is for text CNNs .* set it to fraction"):
        subsets_of_shard(model, X, shard(model), replace(MORE, rule="fixed"))
