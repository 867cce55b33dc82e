from types import SimpleNamespace

import keras
import numpy as np
import pytest

from smug.models import rewire
from smug.models.first_layer import find_first_layer
from smug.models.networks import text_cnn
from smug.reviews.networks import ClassNetwork, ScoreNetwork


@pytest.fixture
def asked():
    """One network asked by its score, and by its two classes."""
    keras.utils.set_random_seed(0)
    model = text_cnn.build(num_words=9, embedding=4, filters=5, max_words=7)
    model.set_weights([4 * weight for weight in model.get_weights()])
    x = np.array([[0, 0, 1, 5, 2, 8, 3], [4, 4, 7, 6, 1, 2, 2]], np.int32)
    classes = text_cnn.two_classes(model)
    layer = find_first_layer(classes)
    attributed = SimpleNamespace(inputs=layer.linear_input(x), target=np.array([0, 1]))
    by_score = ScoreNetwork(text_cnn.on_embeddings(model), attributed)
    return by_score, ClassNetwork(layer, x, attributed), rewire.outputs_of(classes, x)


@pytest.mark.parametrize("i", [0, 1])
def test_a_score_and_its_two_classes_are_asked_alike(asked, i):
    *networks, outputs = asked
    whole = networks[0].attributed.inputs[i]
    removed = np.eye(7, dtype=bool)
    hidden = np.full_like(whole, 0.25)
    less = np.where(removed[3][:, np.newaxis], hidden, whole)
    found = []
    for network in networks:
        confidence = network.confidence(i, whole)
        assert confidence == pytest.approx(outputs[i, (0, 1)[i]], abs=1e-6)
        fell = network.falls(i, hidden, iter(removed))
        assert fell.shape == (7,)
        assert fell[3] == pytest.approx(confidence - network.confidence(i, less), abs=1e-6)
        found.append(fell)
    np.testing.assert_allclose(*found, atol=1e-6)
    assert np.ptp(found[0]) > 1e-3
