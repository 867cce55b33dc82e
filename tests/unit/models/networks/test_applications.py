import keras
import numpy as np
import pytest

from smug.errors import SmugError
from smug.models.networks import applications
from smug.models.weights.npz import named_weights, save_npz


@pytest.mark.parametrize("name", ["MobileNetV2", "ResNet50", "DenseNet121", "EfficientNetB0"])
def test_preprocessing_equals_kerass_own(name):
    """One network of each of Keras's four ways: tf, caffe, torch and none."""
    pixels = np.random.default_rng(0).integers(0, 256, (2, 5, 4, 3)).astype(np.uint8)
    module = {
        "MobileNetV2": keras.applications.mobilenet_v2,
        "ResNet50": keras.applications.resnet,
        "DenseNet121": keras.applications.densenet,
        "EfficientNetB0": keras.applications.efficientnet,
    }[name]
    found = applications.preprocessing(name)
    assert found.size == (224, 224)
    expected = module.preprocess_input(pixels.astype(np.float32))
    np.testing.assert_allclose(found(pixels), expected, atol=1e-4)


@pytest.mark.filterwarnings("ignore:Skipping nested container")
def test_weights_come_from_npz_and_h5(tmp_path):
    keras.utils.set_random_seed(0)
    model = applications.build("MobileNetV2", classes=3)
    assert model.output_shape == (None, 3)
    save_npz(model, tmp_path / "w.npz")
    model.save_weights(tmp_path / "w.weights.h5")
    for file in ("w.npz", "w.weights.h5"):
        again = applications.build("MobileNetV2", tmp_path / file, classes=3)
        for a, b in zip(model.weights, again.weights, strict=True):
            np.testing.assert_array_equal(a, b)
    assert len(named_weights(model)) == len(model.weights)
    for file in ("w.npz", "w.weights.h5"):
        with pytest.raises(SmugError, match=file.replace(".", r"\.")):
            applications.build("MobileNetV2", tmp_path / file, classes=4)


def test_unknown_names_and_files_are_named(tmp_path):
    with pytest.raises(SmugError, match="InceptionV3"):
        applications.build("InceptionV4")
    with pytest.raises(SmugError, match="nowhere"):
        applications.build("MobileNetV2", tmp_path / "nowhere.npz")
    (tmp_path / "bad.weights.h5").write_bytes(b"no weights")
    with pytest.raises(SmugError, match="bad"):
        applications.build("MobileNetV2", tmp_path / "bad.weights.h5")
    with pytest.raises(SmugError, match="unknown network"):
        applications.preprocessing("imagenet_utils")


def test_the_papers_networks_are_there():
    assert {"InceptionV3", "ResNet50"} <= set(applications.names())
