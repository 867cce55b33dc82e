"""Subsets of words by updates: those of the plain loop, which evaluates the network in full."""

import numpy as np
import pytest

from smug.attribution import sufficient_words as module
from smug.attribution.sufficient_subsets import sufficient_subsets
from smug.attribution.sufficient_words import sufficient_words
from smug.masks.text.problem import MaskedText, TextNetwork


def random_text(seed, words, padding=5, width=3, behind=0):
    rng = np.random.default_rng(seed)
    network = TextNetwork(
        rng.normal(size=(width, 4, 12)), rng.normal(size=12) - 1, rng.normal(size=12), 0.1
    )
    embedded = rng.normal(size=(padding + words, 4))
    embedded[:padding] = pad = rng.normal(size=4)
    return network, np.concatenate([embedded, np.tile(pad, (behind, 1))])


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    "case",
    [
        {"words": 25},
        {"words": 25, "padding": 0},
        {"words": 2, "padding": 1},
        {"words": 15, "width": 4, "padding": 2},
        {"words": 9, "width": 5, "padding": 0},
        {"words": 12, "width": 1},
        {"words": 12, "padding": 0, "behind": 5},
        {"words": 10, "padding": 2, "behind": 1, "width": 4},
    ],
)
def test_the_fast_path_gives_the_same_subsets(seed, case):
    network, embedded = random_text(seed, **case)
    words = case["words"]
    for net in (network, network.negated()):
        padding = len(embedded) - words - case.get("behind", 0)
        text = MaskedText(net, embedded, words, first=padding)
        ends = [text.logit(np.full(words, bit)) for bit in (False, True)]
        threshold = ends[0] + 0.6 * (ends[1] - ends[0])
        maskable = np.isin(np.arange(len(embedded)), padding + np.arange(words))
        plain = sufficient_subsets(
            net.logits,
            embedded,
            threshold,
            maskable=maskable,
            ties=1e-9,
        )
        fast = sufficient_words(text, threshold, ties=1e-9)
        assert len(plain) == len(fast)
        for a, b in zip(plain, fast, strict=True):
            assert (a.members - padding).tolist() == b.members.tolist()
            assert (a.order - padding).tolist() == b.order.tolist()
            np.testing.assert_allclose(a.values, b.values, atol=1e-9)


def test_a_change_that_travels_far_is_followed(monkeypatch):
    """One word holds the maxima of many windows: masked, they change from end to end."""
    monkeypatch.setattr(module, "_STRIDE", 4)
    rng = np.random.default_rng(0)
    network, embedded = random_text(3, 60, padding=0)
    embedded[rng.integers(0, 60, 4)] *= 10
    text = MaskedText(network, embedded, 60)
    whole = text.logit(np.ones(60, bool))
    fast = sufficient_words(text, whole, ties=1e-9, limit=3)
    plain = sufficient_subsets(network.logits, embedded, whole, ties=1e-9, limit=3)
    assert [s.order.tolist() for s in fast] == [s.order.tolist() for s in plain]
