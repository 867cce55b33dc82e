import numpy as np
import pytest

from smug.errors import SmugError
from smug.metrics import (
    complexity,
    pointing_game,
    relevance_mass_accuracy,
    relevance_rank_accuracy,
    sparseness,
)
from smug.metrics.maps import regions

NO_BOX = [np.nan] * 4


def spot(*places, shape=(40, 50)):
    one = np.zeros(shape)
    for place in places:
        one[place] = 1.0
    return one


def test_boxes_hold_every_pixel_that_they_touch():
    where = regions([[1.5, 2, 3, 3.2], [-4, -4, 1, 1], NO_BOX], (3, 4, 5))
    assert np.argwhere(where[0]).tolist() == [[2, 1], [2, 2], [3, 1], [3, 2]]
    assert np.argwhere(where[1]).tolist() == [[0, 0]]
    assert not where[2].any()


def test_the_maximum_hits_up_to_the_tolerance_and_no_further():
    box = [[20, 10, 30, 20]]
    # Below the box by 15 pixels, by 16, and off its corner by 15 along both axes.
    for place, hits in (((34, 25), 1), ((35, 25), 0), ((34, 44), 0), ((30, 40), 0), ((19, 29), 1)):
        assert pointing_game(spot(place)[None], box) == hits
    assert pointing_game(spot((34, 25))[None], box, tolerance=14.9) == 0
    assert pointing_game(spot((20, 25))[None], box, tolerance=0) == 0
    assert pointing_game(spot((19, 25))[None], box, tolerance=0) == 1


def test_equal_maxima_hit_by_their_share():
    box = [[20, 10, 30, 20]]
    assert pointing_game(spot((15, 25), (0, 0), (1, 1), (2, 2))[None], box, tolerance=0) == 0.25
    everywhere = pointing_game(np.ones((1, 40, 50)), box, tolerance=0)
    np.testing.assert_allclose(everywhere, 100 / 2000)


def test_mass_and_rank_in_closed_form():
    one = np.arange(12.0).reshape(1, 3, 4) - 2
    inside = np.zeros((1, 3, 4), bool)
    inside[0, 2, 2:] = inside[0, 0, 0] = True
    assert relevance_mass_accuracy(one, inside) == (8 + 9) / 45
    assert relevance_rank_accuracy(one, inside) == 2 / 3
    assert np.isnan(relevance_mass_accuracy(-np.abs(one), inside)).all()
    # Three of the highest four are certain; the fourth is one of the other nine, one inside.
    tied = np.where(np.arange(12).reshape(1, 3, 4) > 8, 1.0, 0.0)
    inside[0, 1, 1] = True
    np.testing.assert_allclose(relevance_rank_accuracy(tied, inside), (2 + 2 / 9) / 4)


def test_words_have_regions_too():
    maps, human = np.array([[0.1, 0.9, 0.3], [0.5, 0.2, 0.1]]), np.array([[0, 1, 0], [0, 0, 1]])
    assert pointing_game(maps, human, tolerance=0).tolist() == [1, 0]
    assert pointing_game(maps, human, tolerance=2).tolist() == [1, 1]
    np.testing.assert_allclose(relevance_mass_accuracy(maps, human), [0.9 / 1.3, 0.1 / 0.8])


def test_an_input_without_a_region_has_no_value():
    maps = np.random.default_rng(0).random((2, 40, 50))
    boxes = [[20, 10, 30, 20], NO_BOX]
    for measure in (pointing_game, relevance_mass_accuracy, relevance_rank_accuracy):
        assert np.isnan(measure(maps, boxes)).tolist() == [False, True]


def test_concentration_of_the_extremes():
    maps = np.zeros((3, 2, 5))
    maps[0], maps[1, 0, 3] = -2.0, 3.0
    np.testing.assert_allclose(sparseness(maps)[:2], [0, 0.9], atol=1e-12)
    np.testing.assert_allclose(complexity(maps)[:2], [np.log(10), 0], atol=1e-12)
    assert np.isnan(sparseness(maps)[2])
    assert np.isnan(complexity(maps)[2])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((np.zeros((2, 3, 4)), np.zeros((2, 3))), "the regions have shape"),
        ((np.zeros((2, 3)), np.zeros((2, 4))), "the regions have shape"),
        ((np.zeros((1, 3, 4)), np.full((1, 3, 4), 0.5)), "the regions have shape"),
        ((np.full((1, 3, 4), np.nan), [[0, 0, 1, 1]]), "NaN or infinite"),
        ((np.zeros(3), [[0, 0, 1, 1]]), "expected a batch of maps"),
        ((np.array([["a"]]), [[0, 0, 1, 1]]), "give an array of numbers"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, said):
    for measure in (pointing_game, relevance_mass_accuracy, relevance_rank_accuracy):
        with pytest.raises(SmugError, match=said):
            measure(*arguments)
    with pytest.raises(SmugError, match="tolerance=-1"):
        pointing_game(np.zeros((1, 3, 4)), [[0, 0, 1, 1]], tolerance=-1)
