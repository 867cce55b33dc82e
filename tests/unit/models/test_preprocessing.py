import numpy as np
import pytest

from smug.errors import SmugError
from smug.models.preprocessing import Preprocessing

CAFFE = Preprocessing((2, 3), (103.0, 116.0, 123.0), (1.0, 1.0, 1.0), "bgr")
LITE = Preprocessing((2, 3), (127.0,) * 3, (128.0,) * 3)


def test_scales_pixels():
    pixels = np.array([[[0, 127, 255]]], np.uint8)
    np.testing.assert_allclose(LITE(pixels), [[[-127 / 128, 0, 1]]])
    assert LITE(pixels).dtype == np.float32


def test_bgr_reverses_channels_before_the_mean():
    np.testing.assert_allclose(
        CAFFE(np.array([[[10, 20, 30]]])), [[[30 - 103, 20 - 116, 10 - 123]]]
    )


def test_constant_has_the_models_shape():
    assert LITE.constant(255).shape == (2, 3, 3)
    np.testing.assert_array_equal(LITE.constant(255), np.ones((2, 3, 3)))


def test_refuses_nonsense():
    with pytest.raises(SmugError, match="rgba"):
        Preprocessing((2, 3), (0.0,) * 3, (1.0,) * 3, "rgba")
    with pytest.raises(SmugError, match="zero"):
        Preprocessing((2, 3), (0.0,) * 3, (1.0, 0.0, 1.0))
    with pytest.raises(SmugError, match=r"\(2, 3, 1\)"):
        LITE(np.zeros((2, 3, 1)))
