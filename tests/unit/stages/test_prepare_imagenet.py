from types import SimpleNamespace

import keras
import pytest

from smug.datasets.prepared import PreparedImages
from smug.errors import SmugError
from smug.stages.prepare_imagenet import Files, main
from tests.unit.datasets.test_imagenet import root  # noqa: F401


@pytest.fixture
def files(tmp_path):
    model = keras.Sequential(
        [
            keras.Input((224, 224, 3)),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )
    model.save(tmp_path / "model.keras")
    return Files(tmp_path / "model.keras", tmp_path / "data.npz", tmp_path / "record.json")


def sections(root, source, trained_on):  # noqa: F811
    dataset = {"source": source, "root": str(root), "selection": "all", "explained": 4, "seed": 0}
    return SimpleNamespace(
        dataset=SimpleNamespace(**dataset),
        model=SimpleNamespace(name="imagenet_cnn", root=str(trained_on)),
    )


def test_images_of_a_folder_have_the_classes_that_the_network_was_trained_on(root, files):  # noqa: F811
    assert main(sections(root, "files", root), files)["images"] == 4
    prepared = PreparedImages.load(files.data)
    assert sorted(prepared.ids.tolist()) == ["a", "b", "c", "d"]
    assert prepared.class_names.tolist() == ["tench", "goldfish"]
    plain = root / "ILSVRC/Data/CLS-LOC/val"
    main(sections(plain, "folder", root), files)
    assert PreparedImages.load(files.data).class_names.tolist() == ["tench", "goldfish"]


def test_classes_in_another_order_are_refused(root, files, tmp_path):  # noqa: F811
    other = tmp_path / "other"
    other.mkdir()
    (other / "LOC_synset_mapping.txt").write_text("n2 goldfish\nn1 tench, Tinca\n")
    with pytest.raises(SmugError, match="row 1"):
        main(sections(root, "files", other), files)
