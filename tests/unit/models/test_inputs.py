"""Batches from whatever holds numbers: every value kept, anything else refused in one sentence."""

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from keras import layers, ops
from PIL import Image

from smug.errors import SmugError
from smug.models.inputs import as_batch


def model_of(shape, dtype="float32"):
    inputs = keras.Input(shape, dtype=dtype, name="only")
    return keras.Model(inputs, layers.Flatten()(inputs), name="m")


TABLE = np.array([[0.5, 2.0], [1.0, 3.0]], np.float32)


@pytest.mark.parametrize(
    "given",
    [
        TABLE.tolist(),
        TABLE.astype(np.float64),
        TABLE.astype(np.float16),
        tf.constant(TABLE),
        tf.cast(TABLE, tf.bfloat16),
        tf.Variable(TABLE),
        ops.convert_to_tensor(TABLE),
        ops.cast(TABLE, "bfloat16"),
        pd.DataFrame(TABLE),
        tuple(TABLE),
        {"only": TABLE},
        np.ma.array(TABLE),
    ],
    ids=lambda given: type(given).__name__,
)
def test_what_numpy_turns_into_numbers_is_taken(given):
    batch = as_batch(model_of((2,)), given)
    assert batch.dtype == np.float32
    np.testing.assert_array_equal(batch, TABLE)


def test_images_and_pixels_are_taken():
    pixels = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    batch = as_batch(model_of((2, 2, 3), "uint8"), [Image.fromarray(pixels)])
    np.testing.assert_array_equal(batch, pixels[None])


def test_whole_floats_are_word_ids():
    batch = as_batch(model_of((2,), "int32"), np.array([[1.0, 4.0]]))
    assert batch.dtype == np.int32
    np.testing.assert_array_equal(batch, [[1, 4]])


@pytest.mark.parametrize(
    ("dtype", "value"),
    [
        ("int32", 3.7),
        ("int32", 2**40),
        ("uint8", -1),
        ("uint8", 300),
        ("float32", 1e300),
        ("float16", 1e5),
        ("bool", 2),
    ],
)
def test_a_value_that_the_input_type_would_change_is_refused(dtype, value):
    with pytest.raises(SmugError, match=rf"{dtype} cannot hold"):
        as_batch(model_of((2,), dtype), np.array([[1, value]]))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (None, "x=None is no array of numbers"),
        ("a good beer", "x='a good beer' is no array"),
        ([[1.0], [1.0, 2.0]], "is no array of numbers"),
        ([np.ones((1, 2)), np.ones((1, 5))], r"2 arrays of shapes \(1, 2\), \(1, 5\)"),
        ({"a": TABLE, "b": TABLE}, "is no array of numbers"),
        ({1.0, 2.0}, "is no array of numbers"),
        (np.array([[object(), 1]]), "is no array of numbers.* of type object|of type object"),
        (TABLE.astype(complex), "of type complex128"),
        (np.array([["2020-01-01", "2020-01-02"]], "datetime64[D]"), "datetime64"),
        (np.array([["a", "b"]]), "x holds texts"),
        (np.array([["a", "b"]], object), "x holds texts"),
        (tf.constant([["a", "b"]]), "x holds texts"),
        (tf.ragged.constant([[1.0], [1.0, 2.0]]), "is no array of numbers"),
        (keras.Input((2,)), "is no array of numbers"),
        (np.ma.array(TABLE, mask=TABLE > 2), "masked values"),
        (3.0, r"input has shape \(\)"),
        (TABLE[0], r"input has shape \(2,\)"),
        (np.ones((1, 3)), r"\(1, 3\).*\(None, 2\)"),
        (np.array([[1, 2], [np.nan, np.inf]]), r"NaN or infinite values \(2 of 4.* input 1\)"),
    ],
)
def test_anything_else_is_refused_in_one_sentence(given, said):
    with pytest.raises(SmugError, match=said):
        as_batch(model_of((2,)), given)


def test_several_inputs_are_named():
    one, two = keras.Input((2,), name="image"), keras.Input((3,), name="table")
    model = keras.Model([one, two], layers.Concatenate()([one, two]))
    for given in ([TABLE, TABLE], {"image": TABLE, "table": TABLE}, TABLE):
        with pytest.raises(SmugError, match=r"2 inputs \('image', 'table'\)"):
            as_batch(model, given)


def test_a_model_of_texts_is_told_by_the_layer_that_reads_them():
    reader = layers.TextVectorization(max_tokens=9, output_sequence_length=4, name="reader")
    reader.adapt(["a good beer"])
    inputs = keras.Input((1,), dtype="string")
    model = keras.Model(inputs, layers.Flatten()(layers.Embedding(9, 2)(reader(inputs))))
    for given in (np.array([["good"]], object), [["good"]], np.ones((1, 1))):
        with pytest.raises(SmugError, match=r"texts.*model.get_layer\('reader'\)\(texts\)"):
            as_batch(model, given)
