import io
import pickle
import struct
from collections import OrderedDict

import numpy as np
import pytest

from smug.errors import SmugError
from smug.models.weights.torch import (
    MAGIC_NUMBER,
    PROTOCOL_VERSION,
    read_torch_checkpoint,
)


class Global:
    """Pickled as a reference to any name, importable or not."""

    def __init__(self, module, name):
        self.name = f"{module}\n{name}\n".encode()


class Call:
    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments


class Reference:
    def __init__(self, pid):
        self.pid = pid


class Writer(pickle._Pickler):
    """Python pickler that can write names this machine does not have (torch)."""

    def save(self, obj, save_persistent_id=True):
        if isinstance(obj, Global):
            self.write(pickle.GLOBAL + obj.name)
        elif isinstance(obj, Call):
            self.save(obj.function)
            self.save(obj.arguments)
            self.write(pickle.REDUCE)
        elif isinstance(obj, Reference):
            self.save(obj.pid)
            self.write(pickle.BINPERSID)
        else:
            super().save(obj, save_persistent_id)


STORAGE = {"<f4": "FloatStorage", "<i8": "LongStorage"}


def tensor(key, array, *, size=None, shape=None, strides=None, offset=0, storage=None, view=None):
    array = np.asarray(array)
    kind = storage or STORAGE[array.dtype.str]
    pid = ("storage", Global("torch", kind), key, "cpu", array.size if size is None else size, view)
    steps = tuple(s // array.itemsize for s in array.strides) if strides is None else strides
    return Call(
        Global("torch._utils", "_rebuild_tensor_v2"),
        Reference(pid),
        offset,
        array.shape if shape is None else shape,
        steps,
        False,
        OrderedDict(),
    )


def write(path, state, arrays, *, magic=MAGIC_NUMBER, protocol=PROTOCOL_VERSION, little=True):
    file = io.BytesIO()
    header = (magic, protocol, {"little_endian": little, "protocol_version": protocol})
    for part in (*header, state, list(arrays)):
        Writer(file, 2).dump(part)
    for array in arrays.values():
        array = np.asarray(array)
        file.write(struct.pack("<q", array.size) + array.tobytes())
    path.write_bytes(file.getvalue())
    return path


@pytest.fixture
def path(tmp_path):
    return tmp_path / "weights.pth"


def test_reads_tensors_by_name_dtype_and_shape(path):
    kernel = np.arange(24, dtype="<f4").reshape(2, 3, 4)
    count = np.array(7, "<i8")
    state = OrderedDict(kernel=tensor("1", kernel), count=tensor("0", count))
    read = read_torch_checkpoint(write(path, state, {"0": count, "1": kernel}))
    assert list(read) == ["kernel", "count"]
    np.testing.assert_array_equal(read["kernel"], kernel)
    assert read["kernel"].dtype == np.float32
    assert read["count"] == 7
    assert read["count"].shape == ()


def test_reads_strided_views_of_a_shared_storage(path):
    whole = np.arange(12, dtype="<f4")
    state = {
        "transposed": tensor("k", whole, shape=(4, 3), strides=(1, 4)),
        "tail": tensor("k", whole, shape=(2, 2), strides=(2, 1), offset=8),
        "empty": tensor("k", whole, shape=(0, 3), strides=(3, 1)),
    }
    read = read_torch_checkpoint(write(path, state, {"k": whole}))
    np.testing.assert_array_equal(read["transposed"], whole.reshape(3, 4).T)
    np.testing.assert_array_equal(read["tail"], whole[8:].reshape(2, 2))
    assert read["empty"].shape == (0, 3)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"),
        ("builtins", "eval"),
        ("builtins", "getattr"),
        ("torch", "load"),
        ("torch._utils", "_rebuild_parameter"),
        ("numpy.core.multiarray", "_reconstruct"),
        ("collections", "OrderedDict.update"),
    ],
)
def test_refuses_every_other_name_without_calling_it(path, tmp_path, module, name):
    sign = tmp_path / "called"
    state = {"w": Call(Global(module, name), f"touch {sign}")}
    with pytest.raises(SmugError, match=rf"{module}\.{name}"):
        read_torch_checkpoint(write(path, state, {}))
    assert not sign.exists()


def test_refuses_names_in_the_header_too(path):
    file = io.BytesIO()
    Writer(file, 2).dump(Call(Global("os", "getcwd")))
    path.write_bytes(file.getvalue())
    with pytest.raises(SmugError, match=r"os\.getcwd"):
        read_torch_checkpoint(path)


@pytest.mark.parametrize(
    "options",
    [
        {"shape": (5,), "strides": (1,)},
        {"shape": (2, 2), "strides": (3, 1)},
        {"shape": (2,), "strides": (1,), "offset": 3},
        {"shape": (2,), "strides": (-1,), "offset": 3},
        {"shape": (2,), "strides": (1,), "offset": -1},
        {"shape": (2, 2), "strides": (1,)},
        {"size": 10**12},
        {"size": -4},
        {"size": 3},
        {"view": ("view", 0, 2)},
    ],
)
def test_refuses_tensors_outside_their_storage(path, options):
    array = np.arange(4, dtype="<f4")
    write(path, {"w": tensor("0", array, **options)}, {"0": array})
    with pytest.raises(SmugError, match="not a readable legacy checkpoint"):
        read_torch_checkpoint(path)


def test_refuses_attributes_on_its_own_helpers(path):
    class Build:
        pass

    class BuildWriter(Writer):
        def save(self, obj, save_persistent_id=True):
            if isinstance(obj, Build):
                self.save(Global("torch._utils", "_rebuild_tensor_v2"))
                self.save((None, {"__call__": 1}))
                self.write(pickle.BUILD)
            else:
                super().save(obj, save_persistent_id)

    file = io.BytesIO()
    for part in (MAGIC_NUMBER, PROTOCOL_VERSION, {"little_endian": True}, {"w": Build()}):
        BuildWriter(file, 2).dump(part)
    path.write_bytes(file.getvalue())
    with pytest.raises(SmugError, match="AttributeError"):
        read_torch_checkpoint(path)


@pytest.mark.parametrize("options", [{"magic": 1}, {"protocol": 1000}, {"little": False}])
def test_refuses_a_wrong_header(path, options):
    with pytest.raises(SmugError, match=r"weights\.pth"):
        read_torch_checkpoint(write(path, {}, {}, **options))


@pytest.mark.parametrize("state", [{"epoch": 3}, [1, 2]])
def test_refuses_what_is_no_table_of_tensors(path, state):
    with pytest.raises(SmugError, match="dict of tensors"):
        read_torch_checkpoint(write(path, state, {}))


def test_every_truncation_is_an_error(path):
    array = np.arange(6, dtype="<f4")
    data = write(path, {"w": tensor("0", array)}, {"0": array}).read_bytes()
    for size in range(len(data)):
        path.write_bytes(data[:size])
        with pytest.raises(SmugError):
            read_torch_checkpoint(path)


def test_names_missing_and_zip_files(path):
    with pytest.raises(SmugError, match="no checkpoint at"):
        read_torch_checkpoint(path)
    path.write_bytes(b"PK\x03\x04")
    with pytest.raises(SmugError, match="zip checkpoint"):
        read_torch_checkpoint(path)
