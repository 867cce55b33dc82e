import keras
import numpy as np
import pytest
from keras import layers

from smug.metrics.images import MethodMaps
from smug.metrics.rows import as_pictures, score_rows


def linear(shape):
    """Logits of two classes: 0, and the sum of the input."""
    model = keras.Sequential(
        [keras.Input(shape), layers.Flatten(), layers.Dense(2, activation="softmax")]
    )
    size = int(np.prod(shape))
    model.layers[-1].set_weights([np.stack([np.zeros(size), np.ones(size)], 1), np.zeros(2)])
    return model


@pytest.mark.parametrize("shape", [(3,), (3, 2)])
def test_a_mask_and_the_curves_are_what_the_network_says(shape):
    x = np.broadcast_to([[1.0], [2.0], [0.5]], (3, 2))[None].astype(np.float32)
    x = x if len(shape) == 2 else x[..., 0]
    each = np.array([1.0, 2.0, 0.5]) * (2 if len(shape) == 2 else 1)
    maps, masks = np.array([[1.0, 2.0, 0.0]]), np.array([[False, True, False]])
    method = MethodMaps(maps, masks, np.array([0.1]), np.array([True]))
    found = dict(score_rows(as_pictures(linear(shape)), x, np.array([1]), method, curve_steps=3))

    def probability(total):
        return 1 / (1 + np.exp(-total))

    assert found["sparsity"] == pytest.approx(1 / 3)
    assert found["sufficiency"] == pytest.approx(probability(each[1]))
    assert found["comprehensiveness"] == pytest.approx(
        probability(each.sum()) - probability(each[0] + each[2]), abs=1e-6
    )
    # Most salient first: the second, the first, the third.
    order = each[[1, 0, 2]]
    shown = [probability(order[:k].sum()) for k in range(4)]
    hidden = [probability(order[k:].sum()) for k in range(4)]
    assert found["insertion"] == pytest.approx(np.trapezoid(shown, dx=1 / 3))
    assert found["deletion"] == pytest.approx(np.trapezoid(hidden, dx=1 / 3))


def test_a_row_on_which_the_method_failed_has_no_value():
    maps = np.ones((2, 3))
    method = MethodMaps(maps, None, np.ones(2), np.array([True, False]))
    rows = dict(
        score_rows(
            as_pictures(linear((3,))),
            np.ones((2, 3), np.float32),
            np.ones(2, int),
            method,
            curve_steps=2,
        )
    )
    assert "sparsity" not in rows
    assert np.isfinite(rows["insertion"]).tolist() == [True, False]
