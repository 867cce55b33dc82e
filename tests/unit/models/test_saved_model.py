"""SavedModel folders, which TensorFlow writes and Keras runs on TensorFlow only."""

import re

import keras
import numpy as np
import pytest
from keras import layers

import smug
from smug.errors import SmugError
from smug.methods import METHODS

pytestmark = pytest.mark.skipif(
    keras.config.backend() != "tensorflow", reason="Keras runs SavedModels on TensorFlow only"
)
FEW = {
    "integrated_gradients": {"steps": 4},
    "ggig": {"points": 2, "ascent_steps": 1},
    "geometric_ensemble": {"points": 2, "ascent_steps": 1, "members": 2},
    "sis": {"limit": 1},
}
LOOKING_INSIDE = ["smug", "smug_base", "gradcam", "robust"]
X = np.random.default_rng(0).random((2, 6, 6, 3)).astype(np.float32)


def small():
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((6, 6, 3)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ]
    )


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A network, and the folder it was exported to."""
    model, folder = small(), tmp_path_factory.mktemp("exported") / "my model"
    model.export(folder, verbose=False)
    return model, folder


@pytest.mark.parametrize("method", [name for name in METHODS if name not in LOOKING_INSIDE])
def test_a_folder_is_explained_as_the_network_it_was_made_of(exported, method):
    model, folder = exported
    loaded = smug.load(folder)
    assert loaded.name == "my_model"
    wanted, made = (
        smug.explain(one, X, method=method, **FEW.get(method, {})) for one in (model, loaded)
    )
    np.testing.assert_allclose(made.values, wanted.values, rtol=1e-5, atol=1e-7)
    if wanted.mask is not None:
        np.testing.assert_array_equal(made.mask, wanted.mask)


@pytest.mark.parametrize("method", LOOKING_INSIDE)
def test_what_looks_inside_says_which_methods_need_not(exported, method):
    with pytest.raises(SmugError, match="is a SavedModel, which cannot be looked into") as found:
        smug.explain(smug.load(exported[1]), X, method=method)
    named = re.findall(r"\w+", str(found.value).partition("; use ")[2])
    assert set(METHODS) - set(LOOKING_INSIDE) == set(named) & set(METHODS)


def test_a_folder_of_several_inputs_is_refused(tmp_path):
    one, other = keras.Input((4,), name="one"), keras.Input((2,), name="other")
    answer = layers.Dense(2)(layers.Concatenate()([one, other]))
    keras.Model([one, other], answer).export(tmp_path / "two", verbose=False)
    with pytest.raises(SmugError, match=r"two takes 2 inputs \('one', 'other'\)"):
        smug.load(tmp_path / "two")


def test_one_of_several_outputs_is_named(tmp_path):
    given = keras.Input((4,))
    outputs = {"kind": layers.Dense(3)(given), "size": layers.Dense(1)(given)}
    model = keras.Model(given, outputs)
    model.export(tmp_path / "two", verbose=False)
    loaded, x = smug.load(tmp_path / "two"), np.ones((1, 4), np.float32)
    with pytest.raises(SmugError, match="output= for one of several outputs"):
        smug.explain(loaded, x, method="gradients")
    wanted, made = (
        smug.explain(one, x, method="gradients", output="kind").values for one in (model, loaded)
    )
    np.testing.assert_allclose(made, wanted, rtol=1e-6)


def test_a_network_without_gradients_is_explained_by_sis(tmp_path):
    import tensorflow as tf

    class Closed(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec((None, 4), tf.float32, name="x")])
        def answer(self, x):
            return tf.nn.softmax(tf.raw_ops.PreventGradient(input=x[:, :2]))

    module = Closed()
    tf.saved_model.save(module, tmp_path / "closed", signatures=module.answer)
    loaded, x = smug.load(tmp_path / "closed"), np.array([[2, 0, 1, 1]], np.float32)
    assert smug.explain(loaded, x, method="sis").mask.tolist() == [[True, False, False, False]]
    with pytest.raises(SmugError, match=r"has no gradient.*use sis"):
        smug.explain(loaded, x, method="gradients")


def test_a_folder_without_the_function_that_is_served_is_refused(tmp_path):
    import tensorflow as tf

    tf.saved_model.save(tf.Module(), tmp_path / "empty")
    with pytest.raises(SmugError, match=r"empty is not a SavedModel that can be read.*endpoint"):
        smug.load(tmp_path / "empty")


def test_a_damaged_folder_is_named(tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(b"no graph")
    with pytest.raises(SmugError, match="is not a SavedModel that can be read"):
        smug.load(tmp_path)
