import numpy as np
import pytest

from smug.errors import SmugError
from smug.models.balance import balanced

SCORES = np.array([0.9, 0.1, 0.5, 1.0, 0.4, 0.8, 0.7, 0.6])  # 6 high, 2 low


def test_none_keeps_every_review_as_it_is():
    rows, weights = balanced(SCORES, "none")
    assert rows.tolist() == list(range(8))
    assert weights.tolist() == [1] * 8


def test_weights_make_both_halves_weigh_the_same():
    rows, weights = balanced(SCORES, "weights")
    assert rows.tolist() == list(range(8))
    low = SCORES < 0.5
    np.testing.assert_allclose(weights[low], 8 / 4)
    np.testing.assert_allclose(weights[~low], 8 / 12, rtol=1e-6)


def test_a_subset_has_as_many_of_both_and_hangs_on_the_seed():
    drawn = {tuple(balanced(SCORES, "subset", seed=seed)[0]) for seed in range(20)}
    assert len(drawn) > 5
    for rows in drawn:
        assert list(rows) == sorted(rows)
        assert {1, 4} <= set(rows)
        assert len(rows) == 4
    first, again = (balanced(SCORES, "subset", seed=3) for _ in range(2))
    assert np.array_equal(first[0], again[0])
    assert first[1].tolist() == [1] * 4


@pytest.mark.parametrize("way", ["weights", "subset"])
def test_one_half_alone_cannot_be_balanced(way):
    with pytest.raises(SmugError, match="0 and 3"):
        balanced(np.array([0.5, 0.6, 0.7]), way)


def test_an_unknown_way_is_refused():
    with pytest.raises(SmugError, match=r"half.*weights"):
        balanced(SCORES, "half")
