import numpy as np
import pytest
import tensorflow as tf

from smug.errors import SmugError
from smug.models.weights.tensorflow import read_checkpoint
from tests.damage import flipped


def write(prefix, variables):
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        made = [tf.compat.v1.get_variable(name, initializer=v) for name, v in variables.items()]
        session.run([variable.initializer for variable in made])
        tf.compat.v1.train.Saver(made).save(session, str(prefix), write_meta_graph=False)


@pytest.fixture
def variables(tmp_path):
    rng = np.random.default_rng(0)
    made = {name: rng.normal(size=(3, 4)).astype(np.float32) for name in ("a/w", "a/b", "c")}
    write(tmp_path / "x.ckpt", made)
    return made


def test_variables_come_back(tmp_path, variables):
    found = read_checkpoint(tmp_path / "x.ckpt")
    assert found.keys() == variables.keys()
    for name, value in variables.items():
        np.testing.assert_array_equal(found[name], value)


def test_missing_files_are_named(tmp_path):
    with pytest.raises(SmugError, match=r"nothing\.ckpt is no TensorFlow checkpoint"):
        read_checkpoint(tmp_path / "nothing.ckpt")


@pytest.mark.parametrize("suffix", ["index", "data-00000-of-00001"])
def test_damage_is_refused_or_changes_nothing(tmp_path, variables, suffix):
    path, rng = tmp_path / f"x.ckpt.{suffix}", np.random.default_rng(0)
    content = path.read_bytes()
    damaged = [b"", content[: len(content) // 2], content[:-1], b"PK" + content]
    damaged += flipped(content, rng.integers(0, 8 * len(content), 60))
    refused = 0
    for one in damaged:
        path.write_bytes(one)
        try:
            found = read_checkpoint(tmp_path / "x.ckpt")
        except SmugError as error:
            refused += "x.ckpt is no TensorFlow checkpoint" in str(error)
            continue
        assert found.keys() == variables.keys()
        for name, value in variables.items():
            np.testing.assert_array_equal(found[name], value)
    assert refused > 30
