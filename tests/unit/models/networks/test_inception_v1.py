import keras
import numpy as np
import pytest
import tensorflow as tf

from smug.errors import SmugError
from smug.models.networks import inception_v1
from smug.models.weights.npz import load_npz, named_weights, save_npz
from smug.models.weights.onnx import read_initializers

# The published tables, typed anew: slim's modules and Caffe's, with their channels.
CHANNELS = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
SLIM = dict(zip(CHANNELS, ["3b", "3c", "4b", "4c", "4d", "4e", "4f", "5b", "5c"], strict=True))


def slim_shapes(classes=1001):
    """Convolution scope to kernel shape, as in TF-slim's inception_v1."""
    shapes = {
        "Conv2d_1a_7x7": (7, 7, 3, 64),
        "Conv2d_2b_1x1": (1, 1, 64, 64),
        "Conv2d_2c_3x3": (3, 3, 64, 192),
    }
    width = 192
    for module, (a, b, c, d, e, f) in CHANNELS.items():
        mixed = f"Mixed_{SLIM[module]}"
        last = "Conv2d_0a_3x3" if mixed == "Mixed_5b" else "Conv2d_0b_3x3"
        shapes |= {
            f"{mixed}/Branch_0/Conv2d_0a_1x1": (1, 1, width, a),
            f"{mixed}/Branch_1/Conv2d_0a_1x1": (1, 1, width, b),
            f"{mixed}/Branch_1/Conv2d_0b_3x3": (3, 3, b, c),
            f"{mixed}/Branch_2/Conv2d_0a_1x1": (1, 1, width, d),
            f"{mixed}/Branch_2/{last}": (3, 3, d, e),
            f"{mixed}/Branch_3/Conv2d_0b_1x1": (1, 1, width, f),
        }
        width = a + c + e + f
    return shapes | {"Logits/Conv2d_0c_1x1": (1, 1, width, classes)}


def slim_variables(batch_norm, classes=1001, seed=0):
    rng = np.random.default_rng(seed)
    variables = {}
    for scope, shape in slim_shapes(classes).items():
        kernel = rng.normal(0, np.sqrt(2 / np.prod(shape[:3])), shape)
        values = {"weights": kernel}
        if batch_norm and scope.startswith(("Conv", "Mixed")):
            values["BatchNorm/beta"] = rng.normal(0, 0.1, shape[3])
            values["BatchNorm/moving_mean"] = rng.normal(0, 0.1, shape[3])
            values["BatchNorm/moving_variance"] = rng.uniform(0.5, 1.5, shape[3])
        else:
            values["biases"] = rng.normal(0, 0.1, shape[3])
        for name, value in values.items():
            variables[f"InceptionV1/{scope}/{name}"] = value.astype(np.float32)
    return variables | {"global_step": np.array(7, np.int64)}


def write_checkpoint(prefix, variables):
    names, values = list(variables), list(variables.values())
    tf.raw_ops.SaveV2(
        prefix=str(prefix), tensor_names=names, shape_and_slices=[""] * len(names), tensors=values
    )
    return prefix


def slim_forward(v, x):
    """TF-slim's graph with plain TensorFlow operations."""

    def conv(x, scope, stride=1):
        name = f"InceptionV1/{scope}"
        x = tf.nn.conv2d(x, v[f"{name}/weights"], stride, "SAME")
        if f"{name}/biases" in v:
            return tf.nn.relu(x + v[f"{name}/biases"])
        mean, variance = v[f"{name}/BatchNorm/moving_mean"], v[f"{name}/BatchNorm/moving_variance"]
        return tf.nn.relu((x - mean) / np.sqrt(variance + 1e-3) + v[f"{name}/BatchNorm/beta"])

    x = tf.nn.max_pool2d(conv(x, "Conv2d_1a_7x7", 2), 3, 2, "SAME")
    x = tf.nn.max_pool2d(conv(conv(x, "Conv2d_2b_1x1"), "Conv2d_2c_3x3"), 3, 2, "SAME")
    for module in SLIM.values():
        if module == "4b":
            x = tf.nn.max_pool2d(x, 3, 2, "SAME")
        if module == "5b":
            x = tf.nn.max_pool2d(x, 2, 2, "SAME")
        scope = f"Mixed_{module}/Branch_"
        last = "Conv2d_0a_3x3" if module == "5b" else "Conv2d_0b_3x3"
        x = tf.concat(
            [
                conv(x, f"{scope}0/Conv2d_0a_1x1"),
                conv(conv(x, f"{scope}1/Conv2d_0a_1x1"), f"{scope}1/Conv2d_0b_3x3"),
                conv(conv(x, f"{scope}2/Conv2d_0a_1x1"), f"{scope}2/{last}"),
                conv(tf.nn.max_pool2d(x, 3, 1, "SAME"), f"{scope}3/Conv2d_0b_1x1"),
            ],
            axis=-1,
        )
    x = tf.reduce_mean(x, axis=(1, 2))
    name = "InceptionV1/Logits/Conv2d_0c_1x1"
    return x @ v[f"{name}/weights"][0, 0] + v[f"{name}/biases"]


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(9).uniform(-1, 1, (1, 224, 224, 3)).astype(np.float32)


@pytest.mark.parametrize("batch_norm", [True, False])
def test_slim_checkpoints_compute_what_slim_computes(tmp_path, image, batch_norm):
    variables = slim_variables(batch_norm)
    model = inception_v1.import_slim(write_checkpoint(tmp_path / "inception_v1.ckpt", variables))
    logits = slim_forward(variables, image)
    assert model.output_shape == (None, 1000)
    # The background class is dropped and its probability shared out.
    np.testing.assert_allclose(model(image), tf.nn.softmax(logits[:, 1:]), rtol=2e-3, atol=1e-6)
    assert np.asarray(logits).std() > 0.05


def test_other_class_counts_are_kept(tmp_path):
    prefix = write_checkpoint(tmp_path / "own.ckpt", slim_variables(True, classes=5))
    assert inception_v1.import_slim(prefix).output_shape == (None, 5)


def test_slim_errors_name_the_variable(tmp_path):
    with pytest.raises(SmugError, match=r"nothing\.ckpt"):
        inception_v1.import_slim(tmp_path / "nothing.ckpt")
    variables = slim_variables(False)
    name = "InceptionV1/Mixed_4d/Branch_1/Conv2d_0b_3x3/weights"
    wrong = variables | {name: np.zeros((3, 3, 128, 255), np.float32)}
    with pytest.raises(SmugError, match=r"mixed_4c_3x3_conv/kernel.*\(3, 3, 128, 255\)"):
        inception_v1.import_slim(write_checkpoint(tmp_path / "wrong.ckpt", wrong))
    del variables[name]
    with pytest.raises(SmugError, match=name):
        inception_v1.import_slim(write_checkpoint(tmp_path / "lacking.ckpt", variables))


def varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def tensor(name, array, packed_dims=False, floats=False, data_type=None):
    kinds = {"float32": 1, "int64": 7, "float64": 11}
    if packed_dims:
        dims = field(1, b"".join(map(varint, array.shape)))
    else:
        dims = b"".join(field(1, n) for n in array.shape)
    kind = field(2, kinds[array.dtype.name] if data_type is None else data_type)
    data = field(4 if floats else 9, array.tobytes())
    return dims + kind + data + field(8, name.encode())


def write_onnx(path, tensors):
    graph = field(2, b"bvlc_googlenet") + b"".join(field(5, t) for t in tensors)
    fixed = varint(100 << 3 | 5) + b"\0" * 4 + varint(101 << 3 | 1) + b"\0" * 8
    path.write_bytes(field(1, 3) + field(2, b"maker") + fixed + field(7, graph))
    return path


def test_onnx_reader_knows_every_way_to_store_a_tensor(tmp_path):
    one = np.arange(6, dtype=np.float32).reshape(2, 3)
    path = tmp_path / "x.onnx"
    write_onnx(
        path,
        [
            tensor("raw", one),
            tensor("packed", one, packed_dims=True),
            tensor("floats", one, floats=True),
            tensor("scalar", np.array(2.5)),
            tensor("whole", np.array([300, -1], np.int64)),
            field(2, 7) + field(1, 2) + field(8, b"listed") + field(7, varint(300) + varint(2)),
        ],
    )
    read = read_initializers(path)
    for name in ("raw", "packed", "floats"):
        np.testing.assert_array_equal(read[name], one)
    assert read["scalar"] == 2.5
    assert read["whole"].tolist() == [300, -1]
    assert read["listed"].tolist() == [300, 2]
    data = path.read_bytes()
    for size in range(0, len(data), 7):
        path.write_bytes(data[:size])
        with pytest.raises(SmugError, match=r"x\.onnx"):
            read_initializers(path)


@pytest.mark.parametrize(
    ("bad", "text"),
    [
        (tensor("w", np.zeros(3, np.float32), data_type=10), "data type 10"),
        (field(1, 5) + field(2, 1) + field(9, b"\0" * 8) + field(8, b"w"), "2 values"),
        (field(8, b"w") + field(14, 1), "another file"),
        (b"\xff" * 12, "64 bits"),
        (b"\x0b", "wire type 3"),
    ],
)
def test_onnx_reader_names_what_it_cannot_read(tmp_path, bad, text):
    with pytest.raises(SmugError, match=text):
        read_initializers(write_onnx(tmp_path / "x.onnx", [bad]))


def test_onnx_reader_refuses_other_files(tmp_path):
    with pytest.raises(SmugError, match="no ONNX file"):
        read_initializers(tmp_path / "x.onnx")
    with pytest.raises(SmugError, match="no initializer"):
        read_initializers(write_onnx(tmp_path / "x.onnx", []))


def caffe_shapes():
    shapes = {
        "conv1/7x7_s2": (64, 3, 7, 7),
        "conv2/3x3_reduce": (64, 64, 1, 1),
        "conv2/3x3": (192, 64, 3, 3),
    }
    width = 192
    for module, (a, b, c, d, e, f) in CHANNELS.items():
        name = f"inception_{module}"
        shapes |= {
            f"{name}/1x1": (a, width, 1, 1),
            f"{name}/3x3_reduce": (b, width, 1, 1),
            f"{name}/3x3": (c, b, 3, 3),
            f"{name}/5x5_reduce": (d, width, 1, 1),
            f"{name}/5x5": (e, d, 5, 5),
            f"{name}/pool_proj": (f, width, 1, 1),
        }
        width = a + c + e + f
    return shapes | {"loss3/classifier": (1000, width)}


def caffe_weights(seed=0):
    rng = np.random.default_rng(seed)
    weights = {}
    for name, shape in caffe_shapes().items():
        kernel = rng.normal(0, np.sqrt(2 / np.prod(shape[1:])), shape)
        weights[f"{name}_w_0"] = kernel.astype(np.float32)
        weights[f"{name}_b_0"] = rng.normal(0, 0.1, shape[0]).astype(np.float32)
    return weights


def caffe_forward(w, x):
    """Caffe's network: explicit paddings, pooling that rounds up, cross-channel normalisation."""

    def conv(x, name, stride=1):
        kernel = w[f"{name}_w_0"].transpose(2, 3, 1, 0)
        pad = kernel.shape[0] // 2
        x = tf.pad(x, [[0, 0], [pad, pad], [pad, pad], [0, 0]])
        return tf.nn.relu(tf.nn.conv2d(x, kernel, stride, "VALID") + w[f"{name}_b_0"])

    def pool(x, stride, before, after):
        low = x.dtype.min
        pads = [[0, 0], [before, after], [before, after], [0, 0]]
        return tf.nn.max_pool2d(tf.pad(x, pads, constant_values=low), 3, stride, "VALID")

    def normalise(x):
        square = np.pad(np.square(x), [[0, 0]] * 3 + [[2, 2]])
        total = sum(square[..., k : k + x.shape[-1]] for k in range(5))
        return x / (1 + 1e-4 / 5 * total) ** 0.75

    x = normalise(np.asarray(pool(conv(x, "conv1/7x7_s2", 2), 2, 0, 1)))
    x = normalise(np.asarray(conv(conv(x, "conv2/3x3_reduce"), "conv2/3x3")))
    x = pool(tf.constant(x), 2, 0, 1)
    for module in CHANNELS:
        if module in ("4a", "5a"):
            x = pool(x, 2, 0, 1)
        name = f"inception_{module}"
        x = tf.concat(
            [
                conv(x, f"{name}/1x1"),
                conv(conv(x, f"{name}/3x3_reduce"), f"{name}/3x3"),
                conv(conv(x, f"{name}/5x5_reduce"), f"{name}/5x5"),
                conv(pool(x, 1, 1, 1), f"{name}/pool_proj"),
            ],
            axis=-1,
        )
    x = tf.reduce_mean(x, axis=(1, 2))
    return x @ w["loss3/classifier_w_0"].T + w["loss3/classifier_b_0"]


def test_onnx_file_computes_what_caffe_computes(tmp_path, image):
    weights = caffe_weights()
    path = write_onnx(tmp_path / "g.onnx", [tensor(n, a) for n, a in weights.items()])
    model = inception_v1.import_onnx(path)
    pixels = image * 120  # of the size that makes the normalisation matter
    expected = tf.nn.softmax(caffe_forward(weights, pixels))
    np.testing.assert_allclose(model(pixels), expected, rtol=5e-3, atol=1e-6)
    assert np.asarray(expected).max() > 0.003


def test_onnx_errors_name_the_weight(tmp_path):
    weights = caffe_weights()
    del weights["inception_4b/5x5_b_0"]
    path = write_onnx(tmp_path / "g.onnx", [tensor(n, a) for n, a in weights.items()])
    with pytest.raises(SmugError, match="inception_4b/5x5_b_0"):
        inception_v1.import_onnx(path)


@pytest.mark.parametrize(("kind", "batch_norm"), [("slim", True), ("slim", False), ("bvlc", False)])
def test_npz_and_keras_files_round_trip(tmp_path, kind, batch_norm):
    model = inception_v1.build(kind, batch_norm=batch_norm, classes=4)
    save_npz(model, tmp_path / "x.npz")
    again = inception_v1.load(tmp_path / "x.npz", kind)
    for name, weight in named_weights(model).items():
        np.testing.assert_array_equal(weight, named_weights(again)[name])


def test_keras_file_and_wrong_npz(tmp_path):
    model = inception_v1.build("bvlc", batch_norm=False, classes=4)
    model.save(tmp_path / "x.keras")
    again = keras.models.load_model(tmp_path / "x.keras")
    np.testing.assert_array_equal(again.get_layer("conv1_conv").kernel, model.layers[2].kernel)
    save_npz(model, tmp_path / "x.npz")
    with pytest.raises(SmugError, match="predictions/"):
        load_npz(inception_v1.build("bvlc", batch_norm=False, classes=5), tmp_path / "x.npz")


def test_kinds_and_preprocessing():
    with pytest.raises(SmugError, match="bvlc, slim"):
        inception_v1.build("caffe")
    with pytest.raises(SmugError, match="batch_norm=False"):
        inception_v1.build("bvlc", batch_norm=True)
    white = np.full((1, 1, 3), 255)
    np.testing.assert_allclose(inception_v1.PREPROCESSING["slim"](white), [[[1, 1, 1]]])
    blue, green, red = inception_v1.PREPROCESSING["bvlc"](white)[0, 0]
    assert (blue, green, red) == (151, 138, 132)
