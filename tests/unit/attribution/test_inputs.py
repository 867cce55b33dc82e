"""Model, target, word ids and layer of every method, checked around it."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import smug
from smug.attribution.gradients import gradients
from smug.attribution.inputs import check_model
from smug.errors import SmugError
from smug.methods import METHODS, method_settings
from smug.models.first_layer import find_first_layer

X = np.random.default_rng(0).random((2, 5)).astype(np.float32)


def table_model(outputs=3, activation="softmax"):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((5,))
    hidden = layers.Dense(4, activation="relu", name="hidden")(inputs)
    return keras.Model(inputs, layers.Dense(outputs, activation, name="top")(hidden), name="table")


class Subclass(keras.Model):
    def __init__(self):
        super().__init__(name="sub")
        self.top = layers.Dense(3, activation="softmax")

    def call(self, x):
        return self.top(x)


def subclass():
    model = Subclass()
    model(X)
    return model


@pytest.mark.parametrize("make", [table_model, subclass])
@pytest.mark.parametrize(
    ("target", "said"),
    [
        ([0, 1, 2], r"has shape \(3,\).*expected 2 integers"),
        ([0], r"has shape \(1,\)"),
        (np.eye(3)[:2], r"one-hot.*target.argmax\(axis=1\)"),
        (3, "target 3 is outside"),
        (-1, "target -1 is outside"),
        ([0, 99], "target 99 is outside"),
        (2**63, "is outside"),
        (10**30, "of type object"),
        ("cat", "target is 'cat'"),
        (["cat", "dog"], "holds 'cat'"),
        (1.0, "target is 1.0"),
        ([0.0, 1.0], "type float64"),
        (True, "type bool"),
        ([None, 1], "holds None"),
        ([[0], [0, 1]], "expected 2 integers"),
        ({1}, "expected 2 integers"),
    ],
)
def test_a_target_that_names_no_class_of_each_input_is_refused(make, target, said):
    model = make()
    with pytest.raises(SmugError, match=said):
        smug.explain(model, X, target, "gradients")
    if isinstance(target, list):
        with pytest.raises(SmugError, match=said):
            gradients(model, X, target)


@pytest.mark.parametrize("target", [2, np.int64(2), np.array(2), tf.constant(2), [2, 2]])
def test_one_class_or_one_for_each_input(target):
    assert smug.explain(table_model(), X, target, "gradients").target.tolist() == [2, 2]


@pytest.mark.parametrize(
    "method", [m for m in METHODS if m not in ("gradcam", "image_sis", "robust")]
)
def test_both_classes_of_one_output_are_that_output(method):
    model = table_model(1, "sigmoid")
    top = model.get_layer("top").kernel
    top.assign(np.abs(top))  # so that SMUG has nodes to choose
    settings = {name: 2 for name in ("steps", "points") if name in method_settings(method)}
    zero, one = (smug.explain(model, X, target, method, **settings) for target in (0, 1))
    np.testing.assert_allclose(one.score, np.asarray(model(X))[:, 0], rtol=1e-6)
    np.testing.assert_array_equal(zero.values, one.values)


def not_finite():
    model = table_model()
    kernel = model.get_layer("hidden").kernel.numpy()
    kernel[2, 1] = np.nan
    model.get_layer("hidden").kernel.assign(kernel)
    return model


def logarithm_of_zero():
    inputs = keras.Input((5,))
    zero = layers.Lambda(lambda x: keras.ops.log(x - x), name="log")(inputs)
    return keras.Model(inputs, layers.Dense(3)(zero))


def two_at_once():
    inputs = keras.Input(batch_shape=(2, 5))
    return keras.Model(inputs, layers.Dense(3)(inputs + np.ones((2, 5), "float32")), name="pairs")


def two_outputs():
    inputs = keras.Input((5,))
    return keras.Model(inputs, {"a": layers.Dense(3)(inputs), "b": layers.Dense(2)(inputs)})


def words_out():
    inputs = keras.Input((5,))
    return keras.Model(inputs, layers.Reshape((5, 1))(inputs))


def fails():
    class Net(keras.Model):
        def call(self, x):
            raise RuntimeError("no such file: table.csv")

    return Net(name="fails")


def of_another_width():
    model = Subclass()
    model(np.ones((1, 7), np.float32))
    return model


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: None, "model=None is no keras.Model"),
        (lambda: np.ones(3), "is no keras.Model"),
        (lambda: "model.keras", "model='model.keras' is no keras.Model"),
        (not_finite, "model 'table': 1 of 20 values of the weight hidden/kernel are NaN"),
        (logarithm_of_zero, "layer 'log' answers them first"),
        (two_outputs, r"has 2 outputs .*output='a'"),
        (words_out, r"answers \[\((None|2), 5, 1\)\]"),
        (fails, "'fails' does not run on inputs of shape .*RuntimeError.*no such file"),
        (of_another_width, "'sub' does not run on inputs of shape"),
        (Subclass, "layer 'dense.*' of model 'sub' is not built"),
        (lambda: keras.Sequential([layers.Dense(3)], name="s"), "of model 's' is not built"),
        (two_at_once, "'pairs' takes batches of exactly 2 inputs"),
    ],
)
@pytest.mark.parametrize("method", ["gradients", "smug", "sis"])
def test_a_model_without_finite_class_scores_is_refused(make, said, method):
    with pytest.raises(SmugError, match=said):
        smug.explain(make(), X, None, method)


def test_the_size_of_the_first_batch_binds_nothing():
    model = keras.Sequential([layers.Dense(4, "relu"), layers.Dense(3, "softmax")])
    model(np.ones((len(X) + 1, X.shape[1]), np.float32))
    made = smug.explain(model, X, 1, "gradients").values
    singles = [smug.explain(model, x, 1, "gradients").values[0] for x in X]
    np.testing.assert_allclose(made, singles, atol=1e-6)


def test_a_wrapper_that_was_not_called_yet_is_explained():
    class Wrapper(keras.Model):
        def __init__(self):
            super().__init__()
            self.inner, self.drop = table_model(), layers.Dropout(0.5)

        def call(self, x):
            return self.inner(self.drop(x))

    made = smug.explain(Wrapper(), X, None, "gradients")
    np.testing.assert_array_equal(
        made.values, smug.explain(table_model(), X, None, "gradients").values
    )


def text_model(dtype="int32"):
    keras.utils.set_random_seed(0)
    ids = keras.Input((4,), dtype=dtype)
    words = layers.Embedding(6, 3, name="words")(ids)
    found = layers.Conv1D(4, 2, activation="relu")(words)
    return keras.Model(ids, layers.Dense(2, "softmax")(layers.GlobalMaxPooling1D()(found)))


@pytest.mark.parametrize("method", ["smug", "gradients", "sis"])
@pytest.mark.parametrize(
    ("dtype", "word", "said"),
    [
        ("int32", 3.7, "holds 3.7, which the input type int32 cannot hold"),
        ("int32", 6, r"word id 6 in input 1 .*\[0, 6\), the vocabulary of layer 'words'"),
        ("int32", -1, "word id -1 in input 1"),
        ("float32", 3.5, "word id 3.5 in input 1"),
        ("float32", -2, "word id -2.0 in input 1"),
        ("float32", 2**20, "word id 1048576.0 in input 1"),
    ],
)
def test_ids_outside_the_vocabulary_are_refused(dtype, word, said, method):
    x = np.array([[1, 2, 3, 4], [1, 2, word, 4]])
    with pytest.raises(SmugError, match=said):
        smug.explain(text_model(dtype), x, None, method)


@pytest.mark.parametrize("dtype", ["int32", "float32"])
def test_whole_floats_are_ids(dtype):
    x = np.array([[1, 2, 3, 5]])
    model = text_model(dtype)
    made = [smug.explain(model, ids, None, "gradients") for ids in (x, x.astype(float))]
    np.testing.assert_array_equal(made[0].values, made[1].values)


@pytest.mark.parametrize("method", [m for m in METHODS if "layer" in method_settings(m)])
def test_a_layer_that_the_model_lacks_is_named(method):
    model, other = table_model(), table_model()
    for layer, said in (
        ("hidden_1", "unknown layer 'hidden_1'; known: .*Did you mean 'hidden'"),
        (other.get_layer("hidden"), "'hidden' .Dense. is no part of model 'table'"),
        (find_first_layer(other), "was found in model"),
        (3, "layer=3 is not a text or None or a "),
        ([model.get_layer("hidden")], "unknown layer"),
    ):
        with pytest.raises(SmugError, match=said):
            smug.explain(model, X, None, method, layer=layer)


def test_a_function_called_directly_checks_the_same():
    model = table_model()
    with pytest.raises(SmugError, match="unknown setting of method 'gradients' 'layers'"):
        gradients(model, X, [0, 0], layers="hidden")
    with pytest.raises(SmugError, match=r"model='m' is no keras\.Model"):
        gradients("m", X, [0, 0])
    with pytest.raises(SmugError, match="NaN"):
        gradients(not_finite(), X, [0, 0])
    by_name = gradients(model, X.tolist(), [0, 0], layer="hidden")
    np.testing.assert_array_equal(
        by_name, gradients(model, X, [0, 0], layer=find_first_layer(model))
    )


def test_an_answer_that_is_not_finite_is_refused():
    inputs = keras.Input((5,))
    root = layers.Lambda(lambda x: keras.ops.sqrt(x), name="root")(inputs)
    model = keras.Model(inputs, layers.Dense(3)(root))
    with pytest.raises(SmugError, match="gradients answers NaN or infinite values for input 0"):
        smug.explain(model, np.zeros((1, 5)), 0, "gradients")


def test_a_model_of_another_backend_is_named():
    """After ``keras.config.set_backend`` Keras has other classes than old models."""
    Model = type("Model", (), {"__module__": "keras.src.models.model"})
    with pytest.raises(SmugError, match="was made before Keras changed to its backend"):
        check_model(type("Mine", (Model,), {})())
