from types import SimpleNamespace

import numpy as np
import pytest

from smug.reviews.confidence import Confidence


@pytest.mark.parametrize("first", [0, 3])
def test_a_word_left_out_becomes_the_mean_of_the_words_wherever_the_padding_stands(first):
    rows, asked = np.array([first, first + 1]), []
    embedded = np.full((5, 2), 9.0)
    embedded[rows] = [[1, 5], [3, 1]]
    explained = SimpleNamespace(
        words=lambda _: rows, attributed=SimpleNamespace(inputs=embedded[np.newaxis])
    )
    confidence = Confidence(explained, lambda _, part: asked.append(part) or 0.5, "mean")
    assert confidence.of(0)(np.array([True, False])) == 0.5
    np.testing.assert_array_equal(asked[0][rows], [[1, 5], [2, 3]])
    assert (np.delete(asked[0], rows, axis=0) == 9).all()
