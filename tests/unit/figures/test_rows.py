import numpy as np
import pytest

from smug.datasets.rows import PreparedRows
from smug.errors import SmugError
from smug.figures.rows import answered, answered_rows


def data(shape, features):
    return PreparedRows(
        values=np.arange(np.prod(shape), dtype=float).reshape(shape),
        labels=np.zeros(shape[0]),
        ids=[f"row {i}" for i in range(shape[0])],
        features=features,
        class_names=["benign"],
        made_up=True,
    )


@pytest.mark.parametrize(("shape", "features"), [((2, 3), list("abc")), ((2, 3, 2), ["x", "y"])])
def test_every_answer_has_a_line_whose_left_out_places_have_no_colour(shape, features):
    prepared = data(shape, features)
    scores, mask = np.array([1.0, 4.0, 2.0]), np.array([True, True, False])
    answers = {"whole": (scores, None), "kept": (scores, mask)}
    figure = answered_rows([answered(prepared, i, answers) for i in range(2)])
    above, below = figure.axes[:2]
    assert above.get_title() == "row 0, benign (generated)"
    assert [label.get_text() for label in below.get_yticklabels()] == ["whole", "kept"]
    shown = np.ma.filled(below.images[0].get_array(), np.nan)
    np.testing.assert_allclose(shown, [[0.25, 1, 0.5], [0.25, 1, np.nan]])
    if len(shape) == 2:
        assert [label.get_text() for label in below.get_xticklabels()] == features


def test_nothing_to_draw_is_said():
    with pytest.raises(SmugError, match=r"no row has an answer"):
        answered_rows([answered(data((1, 2), ["a", "b"]), 0, {})])
