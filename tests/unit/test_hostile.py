"""Whatever a method gets: one clear sentence, or a finite answer of the right shape."""

import json
from fractions import Fraction

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keras import layers

import smug
from smug.limits import RANGES
from smug.methods import METHODS, method_settings

#: Few steps, so that what is accepted is answered fast.
FEW = {"steps": 2, "points": 2, "ascent_steps": 1, "members": 1, "top_k": 4, "limit": 1}
FEW |= {"noise": 1e-3, "time_limit": 2.0}
#: Settings whose larger values are allowed and take long.
LONG = ("steps", "points", "ascent_steps", "members", "threads", "time_limit")
IMAGES = np.random.default_rng(0).random((2, 6, 6, 1)).astype(np.float32)
WORDS = np.array([[1, 2, 3, 4, 0]])
TABLE = IMAGES[:, 0, :4, 0]


def image_model():
    keras.utils.set_random_seed(3)
    inputs = keras.Input((6, 6, 1))
    maps = layers.Conv2D(3, 3, activation="relu", name="conv")(inputs)
    return keras.Model(inputs, layers.Dense(3, "softmax")(layers.Flatten()(maps)))


def text_model():
    keras.utils.set_random_seed(3)
    ids = keras.Input((5,), dtype="int32")
    found = layers.Conv1D(4, 2, activation="relu")(layers.Embedding(9, 3)(ids))
    return keras.Model(ids, layers.Dense(2, "softmax")(layers.GlobalMaxPooling1D()(found)))


def table_model():
    keras.utils.set_random_seed(3)
    inputs = keras.Input((4,))
    return keras.Model(inputs, layers.Dense(3, "softmax")(layers.Dense(8, "relu")(inputs)))


MODELS = {
    "images": (image_model(), IMAGES),
    "words": (text_model(), WORDS),
    "tables": (table_model(), TABLE),
}


def kinds_of(method):
    """Models of these that the method takes."""
    needs = METHODS[method].needs
    if "images" in needs:
        return ["images"]
    # No embedding stands in front of the layers that robust sets take.
    return ["tables", "images"] if method == "robust" else list(MODELS)


def model_for(method):
    return MODELS[kinds_of(method)[0]]


class Raises:
    shape = (3,)

    def __array__(self, *_, **__):
        raise RuntimeError("no array of this")


ODD = [
    *(None, True, False, 0, -1, 2, 2**31, 2**63, 10**5000, -(10**30), 1.0, 2.5, 5e-324, 1e300),
    *(float("nan"), float("inf"), 1j, Fraction(1, 2), "", "0.5", "zero", "auto", "\ud800", "\x00"),
    *("a" * 5000, b"zero", [], [1], (0, 1), (np.nan, 1), ("a", "b"), ([0], [1]), [[1], [1, 2]]),
    *({}, {1, 2}, object(), np.ndarray, Raises(), len, ..., slice(1), range(2), np.bool_(True)),
    *(np.float32(0.5), np.float64("nan"), np.int64(3), np.array(2), np.array([2]), np.array([])),
    *(np.zeros((6, 6, 1)), np.full((6, 6, 1), np.nan), np.array("zero"), np.array([1, 2], object)),
    *(np.datetime64("2020-01-01"), np.ma.masked, pd.DataFrame([[1.0]]), tf.constant(0.5)),
    *(tf.constant(0.5, tf.bfloat16), tf.constant([0.0, 1.0]), tf.constant("zero"), "conv"),
    *(tf.ragged.constant([[1.0], [1.0, 2.0]]), layers.Dense(2), keras.Input((2,))),
]
VALUES = st.one_of(
    st.sampled_from(ODD),
    st.integers(),
    st.floats(),
    st.text(max_size=9),
    st.lists(st.floats(), max_size=3),
    st.sampled_from([0, 1, 2, 3, 0.5, 2.0]),
)
BOUNDED = settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def answered(method, x, call):
    """True for an answer, which has to be right in shape and finite; False for one sentence."""
    try:
        made = call()
    except smug.SmugError as error:
        said = str(error)
        return not (20 < len(said) < 3500 and "\n" not in said) and pytest.fail(said)
    assert made.values.shape[: x.ndim] == (len(made), *x.shape[1:])[: made.values.ndim]
    assert np.isfinite(made.values).all()
    assert (made.mask is not None) == METHODS[method].mask
    json.dumps(made.settings, allow_nan=False)
    return True


def takes_long(name, value):
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and name in LONG and value > 3 and value in RANGES[name]


@pytest.mark.parametrize(
    ("method", "name"), [(method, name) for method in METHODS for name in method_settings(method)]
)
@pytest.mark.filterwarnings("ignore::smug.SmugWarning")
def test_any_value_of_any_setting(method, name):
    model, x = model_for(method)
    few = {key: value for key, value in FEW.items() if key in method_settings(method)}

    @BOUNDED
    @given(VALUES)
    def holds(value):
        if not takes_long(name, value):
            given_settings = few | {name: value}
            call = lambda: smug.explain(model, x[:1], None, method, **given_settings)  # noqa: E731
            # The answer about another layer has that layer's shape.
            answered(method, x if name != "layer" else np.empty(1), call)

    holds()


X = [
    *(value for value in ODD if not isinstance(value, type(...))),
    *(IMAGES[0], IMAGES[0, ..., 0], IMAGES[..., 0], IMAGES[:0], IMAGES.tolist(), list(IMAGES)),
    *(IMAGES.astype(np.float16), IMAGES > 0.5, IMAGES.astype(complex), IMAGES.astype(object)),
    *(
        np.where(IMAGES > 0.9, np.inf, IMAGES),
        IMAGES.astype(float) * 1e300,
        tf.constant(IMAGES),
        (IMAGES, IMAGES),
    ),
    *({"x": IMAGES}, {"x": IMAGES, "y": IMAGES}, [IMAGES, WORDS], np.moveaxis(IMAGES, -1, 1)),
    *(
        WORDS[0],
        WORDS.astype(float),
        WORDS + 0.7,
        WORDS - 1,
        WORDS * 3,
        WORDS[:, :4],
        [[1, 2], [1]],
    ),
    *(TABLE, TABLE.tolist(), TABLE * 3, pd.DataFrame(TABLE), TABLE[0], TABLE[:, :3]),
    *(WORDS.astype(str), pd.DataFrame(WORDS), np.zeros((1, 5), int), np.ma.array(WORDS, mask=True)),
]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.filterwarnings("ignore::smug.SmugWarning")
def test_any_input(method, kind):
    model, right = MODELS[kind]
    few = {key: value for key, value in FEW.items() if key in method_settings(method)}
    answers = [
        answered(method, right, lambda x=x: smug.explain(model, x, None, method, **few)) for x in X
    ]
    assert any(answers) is (kind in kinds_of(method))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.filterwarnings("ignore::smug.SmugWarning")
def test_any_target(method):
    model, x = model_for(method)
    few = {key: value for key, value in FEW.items() if key in method_settings(method)}
    for target in [*ODD, [0, 1], [[0], [1]], np.eye(3)[:2], [0, 1, 2], [0.0, 1.0], [0, None]]:
        answered(method, x, lambda t=target: smug.explain(model, x, t, method, **few))


def test_any_model_and_any_method():
    for odd in ODD:
        assert not answered("gradients", IMAGES, lambda o=odd: smug.explain(o, IMAGES, 0))
        assert not answered(
            "gradients", IMAGES, lambda o=odd: smug.explain(MODELS["images"][0], IMAGES, 0, o)
        )
