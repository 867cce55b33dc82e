import itertools
import tracemalloc

import numpy as np
import pytest

from smug.attribution.sufficient_subsets import sufficient_subsets
from smug.attribution.sufficient_words import sufficient_words
from smug.errors import SmugError
from smug.masks.problem import Status
from smug.masks.text import search as text_network
from smug.masks.text.milp import solve_text_milp
from smug.masks.text.problem import MaskedText, TextNetwork
from smug.masks.text.search import smallest_mask


def random_case(seed, *, words=8, padding=4, width=3, d=3, filters=6, behind=0):
    rng = np.random.default_rng(seed)
    network = TextNetwork(
        rng.normal(size=(width, d, filters)),
        rng.normal(size=filters),
        rng.normal(size=filters),
        float(rng.normal()),
    )
    embedded = rng.normal(size=(padding + words, d))
    embedded[:padding] = pad = rng.normal(size=d)
    return network, np.concatenate([embedded, np.tile(pad, (behind, 1))])


def masked_logits(network, embedded, words, masks, instead=0.0, first=None):
    """Full forward passes, written out with loops over windows and places."""
    logits = []
    for mask in masks:
        rows = embedded.copy()
        rows[len(rows) - words if first is None else first :][:words][~mask] = instead
        pooled = np.zeros(len(network.bias))
        for t in range(len(rows) - len(network.kernel) + 1):
            response = network.bias + sum(
                rows[t + k] @ network.kernel[k] for k in range(len(network.kernel))
            )
            pooled = np.maximum(pooled, response)
        logits.append(pooled @ network.weights + network.shift)
    return np.array(logits)


def all_masks(words):
    return np.array(list(itertools.product([False, True], repeat=words)))


CASES = [
    {"words": 8, "padding": 4},
    {"words": 8, "padding": 0},
    {"words": 7, "padding": 1},
    {"words": 2, "padding": 5},
    {"words": 1, "padding": 2},
    {"words": 8, "padding": 3, "width": 2},
    {"words": 7, "padding": 5, "width": 4},
    {"words": 8, "padding": 4, "width": 1},
    {"words": 8, "padding": 0, "behind": 4},
    {"words": 7, "padding": 0, "behind": 1, "width": 2},
    {"words": 6, "padding": 3, "behind": 2, "width": 4},
    {"words": 1, "padding": 0, "behind": 2},
]


@pytest.mark.parametrize("case", CASES)
def test_masked_logits_equal_full_forward_passes(case):
    network, embedded = random_case(0, **case)
    masks = all_masks(case["words"])
    first = case["padding"]
    text = MaskedText(network, embedded, case["words"], first=first)
    expected = masked_logits(network, embedded, case["words"], masks, first=first)
    np.testing.assert_allclose([text.logit(mask) for mask in masks], expected, atol=1e-12)
    np.testing.assert_allclose(network.logits(embedded[None]), expected[-1:], atol=1e-12)
    np.testing.assert_allclose(network.negated().logits(embedded[None]), -expected[-1:], atol=1e-12)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("seed", range(6))
def test_the_minimum_equals_brute_force(case, seed):
    words, first = case["words"], case["padding"]
    network, embedded = random_case(seed, **case)
    masks = all_masks(words)
    logits = masked_logits(network, embedded, words, masks, first=first)
    sizes = masks.sum(axis=1)
    text = MaskedText(network, embedded, words, first=first)
    for quantile in (0.3, 0.9, 0.97, 1.0):
        threshold = np.quantile(logits, quantile) - 1e-9
        smallest = sizes[logits >= threshold].min()
        solution = smallest_mask(text, threshold, time_limit=60)
        assert solution.status is Status.OPTIMAL
        assert solution.objective == solution.bound == solution.mask.sum() == smallest
        alone = masked_logits(network, embedded, words, [solution.mask], first=first)
        assert alone[0] >= threshold
        start = masks[np.flatnonzero(logits >= threshold)[-1]]
        again = smallest_mask(text, threshold, start=start, time_limit=60)
        assert again.status is Status.OPTIMAL
        assert again.objective == smallest


@pytest.mark.parametrize("case", CASES)
def test_masked_words_take_the_replacement(case):
    words, first = case["words"], case["padding"]
    network, embedded = random_case(9, **case)
    instead = embedded[first : first + words].mean(axis=0)
    masks = all_masks(words)
    logits = masked_logits(network, embedded, words, masks, instead, first)
    text = MaskedText(network, embedded, words, instead, first)
    np.testing.assert_allclose([text.logit(mask) for mask in masks], logits, atol=1e-12)
    sizes = masks.sum(axis=1)
    for quantile in (0.5, 0.95):
        threshold = np.quantile(logits, quantile) - 1e-9
        smallest = sizes[logits >= threshold].min()
        assert smallest_mask(text, threshold, time_limit=60).bound == smallest
        milp, bound, _ = solve_text_milp(text, threshold, best=None, bound=0, time_limit=60)
        assert milp.sum() == bound == smallest
    plain = sufficient_subsets(
        network.logits,
        embedded,
        threshold,
        replacement=np.broadcast_to(instead, embedded.shape),
        maskable=np.arange(len(embedded)) >= len(embedded) - words,
    )
    fast = sufficient_words(text, threshold)
    assert [(s.members - len(embedded) + words).tolist() for s in plain] == [
        s.members.tolist() for s in fast
    ]


def test_an_unreachable_threshold_is_proven_so():
    network, embedded = random_case(1)
    top = masked_logits(network, embedded, 8, all_masks(8)).max()
    solution = smallest_mask(MaskedText(network, embedded, 8), top + 1e-3, time_limit=60)
    assert solution.status is Status.INFEASIBLE
    assert not solution.mask.any()
    assert solution.objective == np.inf


def test_out_of_time_keeps_the_start_and_the_bound():
    network, embedded = random_case(2)
    masks = all_masks(8)
    logits = masked_logits(network, embedded, 8, masks)
    start = masks[logits.argmax()]
    text = MaskedText(network, embedded, 8)
    stopped = smallest_mask(text, logits.max() - 1e-9, start=start, time_limit=0)
    assert stopped.status is Status.FEASIBLE
    assert stopped.mask.tolist() == start.tolist()
    assert stopped.bound < stopped.objective == start.sum()
    assert stopped.gap == (stopped.objective - stopped.bound) / stopped.objective
    assert smallest_mask(text, logits.max() - 1e-9, time_limit=0).status is Status.TIMEOUT


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("seed", range(3))
def test_the_program_equals_brute_force(case, seed):
    words = case["words"]
    network, embedded = random_case(seed, **case)
    masks = all_masks(words)
    logits = masked_logits(network, embedded, words, masks)
    text = MaskedText(network, embedded, words)
    for quantile in (0.3, 0.9, 1.0):
        threshold = np.quantile(logits, quantile) - 1e-6
        smallest = masks.sum(axis=1)[logits >= threshold].min()
        start = masks[logits.argmax()]
        for best in (None, start):
            found, bound, finished = solve_text_milp(
                text, threshold, best=best, bound=0, time_limit=60
            )
            assert finished
            assert bound == found.sum() == smallest
            assert masked_logits(network, embedded, words, [found])[0] >= threshold
    nothing = solve_text_milp(text, logits.max() + 1e-3, best=None, bound=0, time_limit=60)
    assert nothing == (None, words, True)


def test_where_the_tables_would_grow_too_large_the_program_goes_on(monkeypatch):
    network, embedded = random_case(2)
    logits = masked_logits(network, embedded, 8, all_masks(8))
    text, threshold = MaskedText(network, embedded, 8), logits.max() - 1e-9
    best = all_masks(8)[logits.argmax()]
    alone = smallest_mask(text, threshold, time_limit=60)
    assert (alone.solver, alone.status) == ("deepening", Status.OPTIMAL)
    monkeypatch.setattr(text_network, "LARGEST_TABLE", 3 * 8 * 6)
    together = smallest_mask(text, threshold, time_limit=60, start=best)
    assert together.solver == "deepening, milp"
    assert together.status is Status.OPTIMAL
    assert together.objective == together.bound == alone.objective


def test_a_long_review_that_needs_many_words_keeps_time_and_memory():
    text, threshold, start = needy_review()
    tracemalloc.start()
    solution = smallest_mask(text, threshold, start=start, time_limit=4)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert solution.status in (Status.FEASIBLE, Status.OPTIMAL)
    assert 3 <= solution.bound <= solution.objective <= start.sum()
    assert text.logit(solution.mask) >= threshold
    assert peak < 4e8


def needy_review(words=140, filters=128):
    """A review whose threshold only many words together reach, and its first subset."""
    rng = np.random.default_rng(0)
    network = TextNetwork(
        rng.normal(size=(3, 20, filters)), rng.normal(size=filters) - 1, np.ones(filters), 0.0
    )
    text = MaskedText(network, rng.normal(size=(words + 4, 20)), words)
    (first, *_) = sufficient_words(text, 0.75 * text.logit(np.ones(words, bool)), limit=1)
    return text, 0.75 * text.logit(np.ones(words, bool)), first.mask(words)


def test_bad_input_is_named():
    network, embedded = random_case(0)
    text = MaskedText(network, embedded, 8)
    with pytest.raises(SmugError, match="start mask of shape"):
        smallest_mask(text, 1e9, start=np.ones(8, bool))
    with pytest.raises(SmugError, match="start mask of shape"):
        smallest_mask(text, -1e9, start=np.ones(7, bool))
    for rows, words in ((embedded, 0), (embedded, 99), (embedded[:2], 1), (embedded[:, :2], 8)):
        with pytest.raises(SmugError, match="do not fit a convolution"):
            MaskedText(network, rows, words)
    with pytest.raises(SmugError, match="kernel, bias and weights"):
        TextNetwork(np.zeros((3, 2, 4)), np.zeros(3), np.zeros(4), 0.0)
