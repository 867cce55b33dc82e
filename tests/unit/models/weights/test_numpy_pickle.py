import os
import pickle

import numpy as np
import pytest

from smug.errors import SmugError
from smug.models.weights.numpy_pickle import read_numpy_pickle
from tests.damage import flipped

RNG = np.random.default_rng(0)
TABLE = {
    "conv1": [RNG.normal(size=(3, 3, 2, 4)).astype("<f4"), RNG.normal(size=4).astype("<f4")],
    "conv2": [RNG.normal(size=(2, 5)), np.float16([0.5, -2])],
    "none": [np.zeros((0, 3), "<f4"), np.array(7, "<f4")],
    "fortran": [np.asfortranarray(RNG.normal(size=(3, 4)))],
    "empty": [],
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "weights.pkl"


def write(path, content, protocol=3):
    path.write_bytes(pickle.dumps(content, protocol))
    return path


@pytest.mark.parametrize("protocol", [3, 4])
def test_reads_arrays_by_name_dtype_shape_and_order(path, protocol):
    read = read_numpy_pickle(write(path, TABLE, protocol))
    assert list(read) == list(TABLE)
    for name, arrays in TABLE.items():
        assert len(read[name]) == len(arrays)
        for found, wanted in zip(read[name], arrays, strict=True):
            assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
            np.testing.assert_array_equal(found, wanted)


def test_reads_the_name_that_numpy_1_writes(path):
    ours = pickle.dumps(TABLE, 3)
    theirs = ours.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    for content in {ours, theirs}:
        path.write_bytes(content)
        np.testing.assert_array_equal(read_numpy_pickle(path)["conv1"][0], TABLE["conv1"][0])


class Malicious:
    """Asks for a call when it is unpickled."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (os.system, ("touch {sign}",)),
        (eval, ("open('{sign}', 'w')",)),
        (getattr, (np, "save")),
        (np.save, ("{sign}", [1])),
        (np.fromfile, ("{sign}",)),
    ],
)
def test_refuses_every_other_name_without_calling_it(path, tmp_path, function, arguments):
    sign = tmp_path / "called.npy"
    words = [word.format(sign=sign) if isinstance(word, str) else word for word in arguments]
    words = ["x" if word is np else word for word in words]
    with pytest.raises(SmugError, match=r"asks for .*Do not trust this file"):
        read_numpy_pickle(write(path, TABLE | {"bad": [Malicious(function, *words)]}))
    assert not sign.exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"w": [np.array([1, "a", None], object)]}, "an array of type 'O8'"),
        ({"w": [np.zeros(2, "<i4")]}, "type 'i4'"),
        ({"w": [np.zeros(2, ">f4")]}, "byte order '>'"),
        ({"w": [np.zeros(2, "S3")]}, "an array of type 'S3'"),
        ({"w": [np.zeros(2, [("a", "<f4")])]}, "an array of type 'V4'"),
        ({"w": [np.zeros(2, bool)]}, "type 'b1'"),
        ({"w": [np.zeros(2, "M8[s]")]}, "an array of type 'M8'"),
        ({"w": np.zeros(2)}, "w holds something else than arrays"),
        ({"w": [1.0]}, "w holds something else than arrays"),
        ({"w": [np.dtype("<f4")]}, "w holds something else than arrays"),
        ({3: [np.zeros(2)]}, "the name 3 is no text"),
        ([np.zeros(2)], "it holds a list"),
        (np.zeros(2), "it holds a _Array"),
    ],
)
def test_refuses_what_is_no_table_of_weights(path, content, said):
    with pytest.raises(SmugError) as found:
        read_numpy_pickle(write(path, content))
    assert f"{path} is not a readable pickle of a dict of lists of arrays" in str(found.value)
    assert said in str(found.value)


class State:
    """An array with any state, right or wrong."""

    def __init__(self, *state):
        self.state = state

    def __reduce__(self):
        make, arguments, _ = np.zeros(2).__reduce__()
        return make, arguments, self.state


F4 = np.dtype("<f4")


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ((1, (2,), F4, False, b"1234"), "an array of 4 bytes, its shape is (2,)"),
        ((1, (2,), F4, False, b"123456789"), "an array of 9 bytes"),
        ((1, (2**62, 4), F4, False, b"1234"), "an array of 4 bytes"),
        ((1, (-1, -1), F4, False, b"1234"), "shape (-1, -1)"),
        ((1, (True,), F4, False, b"1234"), "shape (True,)"),
        ((1, [1], F4, False, b"1234"), "shape [1]"),
        ((1, (1.0,), F4, False, b"1234"), "shape (1.0,)"),
        ((2, (1,), F4, False, b"1234"), "an array of version 2"),
        ((1, (1,), "<f4", False, b"1234"), "type '<f4'"),
        ((1, (1,), F4, 0, b"1234"), "its values are no numbers"),
        ((1, (1,), F4, False, "1234"), "an array of str"),
        (((1,), F4, False, b"1234"), "ValueError"),
        ((), "ValueError"),
    ],
)
def test_refuses_arrays_whose_state_does_not_fit(path, state, said):
    with pytest.raises(SmugError) as found:
        read_numpy_pickle(write(path, {"w": [State(*state)]}))
    assert said in str(found.value)


def test_nothing_that_stands_for_a_name_can_be_altered(path):
    for name in (b"numpy\ndtype\n", b"numpy\nndarray\n", b"numpy._core.multiarray\n_reconstruct\n"):
        for state in ({"__call__": 1}, (None, {"__call__": 1})):
            told = pickle.dumps(state, 2)[2:-1]  # without its frame
            path.write_bytes(b"\x80\x02}X\x01\x00\x00\x00w]c" + name + told + b"basu.")
            with pytest.raises(SmugError, match="AttributeError"):
                read_numpy_pickle(path)
    np.testing.assert_array_equal(read_numpy_pickle(write(path, TABLE))["conv2"][1], [0.5, -2])


def test_every_truncation_is_an_error(path):
    data = pickle.dumps(TABLE, 3)
    for size in range(len(data)):
        path.write_bytes(data[:size])
        with pytest.raises(SmugError):
            read_numpy_pickle(path)


def test_a_turned_bit_is_refused_or_changes_a_value(path):
    """A pickle has no checksum: what can be read keeps to dicts, lists and arrays of floats."""
    data = pickle.dumps(TABLE, 3)
    refused = 0
    for content in flipped(data, range(8 * len(data))):
        path.write_bytes(content)
        try:
            read = read_numpy_pickle(path)
        except SmugError as error:
            refused += str(path) in str(error) or "Do not trust this file" in str(error)
            continue
        assert all(type(name) is str for name in read)
        arrays = [one for found in read.values() for one in found]
        assert all(type(one) is np.ndarray and one.dtype.kind == "f" for one in arrays)
    assert refused > len(data)


def test_names_a_missing_file(path):
    with pytest.raises(SmugError, match="no pickle at"):
        read_numpy_pickle(path)
