import keras
import numpy as np
import pytest

from smug.errors import SmugError
from smug.models.imports import IMPORTS, import_model
from smug.models.registry import load_model
from smug.models.weights.npz import check_finite, save_npz


def small(dtype="float32"):
    keras.utils.set_random_seed(0)
    layers = [keras.Input((6,)), keras.layers.Dense(4), keras.layers.Dense(2)]
    model = keras.Sequential(layers)
    model.build()
    if dtype != "float32":
        model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(4, dtype=dtype)])
    return model


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float64"])
def test_a_weight_that_is_no_number_is_named(value, dtype):
    model = small(dtype)
    check_finite(model, "x.keras")
    kernel = keras.ops.convert_to_numpy(model.layers[-1].kernel).copy()
    kernel[0, 1] = value
    model.layers[-1].kernel.assign(kernel)
    with pytest.raises(SmugError, match=r"x\.keras: 1 of \d+ values of the weight .*/kernel are"):
        check_finite(model, "x.keras")


def test_large_weights_of_double_precision_are_numbers():
    model = small("float64")
    model.layers[0].kernel.assign(np.full((6, 4), 1e300))
    check_finite(model, "x.keras")


def test_a_file_of_weights_that_are_no_numbers_is_refused_where_it_is_read(tmp_path):
    model = small()
    model.layers[0].kernel.assign(np.full((6, 4), np.nan))
    model.save(tmp_path / "nan.keras")
    with pytest.raises(SmugError, match=r"nan\.keras: 24 of 24 values of the weight"):
        load_model(tmp_path / "nan.keras")
    made = IMPORTS["efficientnet_lite0"].build()
    made.weights[0].assign(np.full(made.weights[0].shape, np.nan))
    save_npz(made, tmp_path / "nan.npz")
    with pytest.raises(SmugError, match=r"nan\.npz: \d+ of \d+ values of the weight"):
        import_model("efficientnet_lite0", str(tmp_path / "nan.npz"))
