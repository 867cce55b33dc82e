import numpy as np
import pytest

from smug.errors import SmugError
from smug.models.imports import IMPORTS, import_model
from smug.models.registry import NETWORKS, load_model, network
from smug.models.weights.npz import save_npz


def test_a_network_without_weights_says_where_to_put_them():
    with pytest.raises(SmugError, match="googlenet needs a file of weights"):
        import_model("googlenet", None)


def test_an_unknown_network_is_named():
    with pytest.raises(SmugError, match="alexnet"):
        import_model("alexnet", None)


@pytest.mark.parametrize("name", ["inception_v3", "resnet50", "inception_v1"])
def test_a_missing_weights_file_is_named(name, tmp_path):
    with pytest.raises(SmugError, match="none_here"):
        import_model(name, str(tmp_path / "none_here.h5"))


def test_keras_weights_of_an_applications_network_come_back(tmp_path):
    import keras

    keras.utils.set_random_seed(0)
    made = keras.applications.ResNet50(weights=None)
    made.save_weights(tmp_path / "some.weights.h5")
    again = import_model("resnet50", str(tmp_path / "some.weights.h5"))
    np.testing.assert_array_equal(again.get_weights()[0], made.get_weights()[0])


@pytest.mark.parametrize("name", ["efficientnet_lite0", "squeezenet", "inception_v1", "googlenet"])
def test_our_own_npz_comes_back(name, tmp_path):
    made = IMPORTS[name].build()
    save_npz(made, tmp_path / "w.npz")
    again = import_model(name, str(tmp_path / "w.npz"))
    for a, b in zip(made.weights, again.weights, strict=True):
        np.testing.assert_array_equal(a, b)


def test_any_network_of_keras_is_imported_and_fed_by_name(tmp_path):
    import keras

    made = keras.applications.MobileNetV2(weights=None)
    save_npz(made, tmp_path / "w.npz")
    again = import_model("MobileNetV2", str(tmp_path / "w.npz"))
    np.testing.assert_array_equal(again.get_weights()[0], made.get_weights()[0])
    low, high = network("MobileNetV2").input_range
    np.testing.assert_allclose([low, high], [[-1] * 3, [1] * 3])
    assert network("MobileNetV2").preprocess.size == (224, 224)
    with pytest.raises(SmugError, match="MobileNetV2"):
        network("MobileNetV22")


def test_every_network_knows_black_and_white():
    for name in NETWORKS:
        known = network(name)
        if known.padding_id is not None:  # words have neither
            continue
        low, high = (np.asarray(value) for value in known.input_range)
        assert (low != high).all(), name


def test_googlenet_can_be_loaded_again(tmp_path):
    from smug.models.networks import inception_v1

    inception_v1.build("bvlc", batch_norm=False, classes=3).save(tmp_path / "model.keras")
    assert load_model(tmp_path / "model.keras").output_shape == (None, 3)
