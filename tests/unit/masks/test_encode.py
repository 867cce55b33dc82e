import keras
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from keras import layers

from smug.errors import SmugError
from smug.masks.encode import (
    encode_first_layer,
    expand_mask,
    mask_grid,
    top_k_nodes,
    without_padding,
)
from smug.masks.linear import LinearMap, receptive_fields
from smug.models.first_layer import find_first_layer


def conv_map(rng, side=(7, 6), kernel=(3, 3), channels=2, filters=3, **changes):
    parts = {
        "name": "conv",
        "kind": "conv2d",
        "kernel": rng.normal(size=(*kernel, channels, filters)),
        "bias": rng.normal(size=filters),
        "spatial": side,
        "output_shape": (*(a - b + 1 for a, b in zip(side, kernel, strict=True)), filters),
        "strides": (1,) * len(side),
        "dilation": (1,) * len(side),
        "pads": (0,) * len(side),
    }
    return LinearMap(**parts | changes)


def check_by_forward_passes(model, x, pre_activation, window, rng, response="paper"):
    """Rows must give the layer's own response on masked inputs, over that on the full one."""
    first = find_first_layer(model)
    full = pre_activation(x[None])[0].ravel()
    # Division by a tiny response would magnify the float32 rounding of the forward pass.
    nodes = np.flatnonzero(np.abs(full) > 1e-2)
    encoded = encode_first_layer(
        first.linear, x, nodes, window=window, gamma=0.0, response=response
    )
    problem = encoded.problem
    assert encoded.nodes.tolist() == nodes[full[nodes] > 0].tolist()
    np.testing.assert_allclose(problem.A @ np.ones(problem.A.shape[1]) + problem.offset, 1)
    for _ in range(3):
        grid = rng.random(problem.grid) < 0.6
        mask = expand_mask(grid, first.linear.spatial, window)
        mask = mask.reshape(mask.shape + (1,) * (x.ndim - mask.ndim))
        masked = pre_activation((x * mask)[None])[0].ravel()
        scaled = problem.A @ grid.ravel()[problem.groups] + problem.offset
        np.testing.assert_allclose(scaled, (masked / full)[encoded.nodes], atol=2e-3)


@settings(max_examples=25, deadline=None)
@given(
    side=st.tuples(st.integers(5, 9), st.integers(5, 9)),
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    stride=st.integers(1, 3),
    dilation=st.integers(1, 2),
    padding=st.sampled_from(["same", "valid"]),
    explicit=st.integers(0, 2),
    channels=st.integers(1, 3),
    window=st.integers(1, 4),
    seed=st.integers(0, 99),
)
def test_rows_are_the_layers_responses_on_masked_images(
    side, kernel, stride, dilation, padding, explicit, channels, window, seed
):
    if max(kernel) * dilation > 5:
        dilation = 1
    if dilation > 1:
        stride = 1
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    conv = layers.Conv2D(
        3,
        kernel,
        strides=stride,
        dilation_rate=dilation,
        padding=padding,
        bias_initializer="random_normal",
    )
    pad = layers.ZeroPadding2D(((explicit, 1), (0, explicit)))
    model = keras.Sequential([keras.Input((*side, channels)), pad, conv])
    x = rng.uniform(-1, 1, (*side, channels)).astype(np.float32)
    assume((conv(pad(x[None])).numpy() > 1e-2).any())
    check_by_forward_passes(model, x, lambda z: conv(pad(z)).numpy(), window, rng)


@pytest.mark.parametrize("window", [1, 2, 3])
def test_batch_normalised_rows_with_and_without_bias(window):
    keras.utils.set_random_seed(1)
    rng = np.random.default_rng(1)
    conv, bn = layers.Conv2D(4, 3, strides=2, padding="same"), layers.BatchNormalization()
    model = keras.Sequential([keras.Input((8, 9, 3)), conv, bn, layers.ReLU()])
    for variable in (*conv.weights, *bn.weights):
        variable.assign(rng.uniform(-1, 1, variable.shape))
    bn.moving_variance.assign(rng.uniform(0.5, 2, 4))
    x = rng.uniform(-1, 1, (8, 9, 3)).astype(np.float32)
    check_by_forward_passes(model, x, lambda z: bn(conv(z)).numpy(), window, rng)
    scale = (bn.gamma / keras.ops.sqrt(bn.moving_variance + bn.epsilon)).numpy()
    zero = conv(np.zeros((1, 8, 9, 3), np.float32)).numpy()

    def bias_free(z):
        return scale * (conv(z).numpy() - zero)

    for response in ("bias_free", "auto"):
        check_by_forward_passes(model, x, bias_free, window, rng, response)


@pytest.mark.parametrize("window", [1, 2])
def test_dense_rows_share_windows_and_channels(window):
    keras.utils.set_random_seed(2)
    rng = np.random.default_rng(2)
    flat, dense = layers.Flatten(), layers.Dense(30, bias_initializer="random_normal")
    model = keras.Sequential([keras.Input((5, 4, 2)), flat, dense])
    x = rng.uniform(-1, 1, (5, 4, 2)).astype(np.float32)
    check_by_forward_passes(model, x, lambda z: dense(flat(z)).numpy(), window, rng)


def test_word_rows():
    keras.utils.set_random_seed(3)
    rng = np.random.default_rng(3)
    conv = layers.Conv1D(6, 3, padding="same", bias_initializer="random_normal")
    model = keras.Sequential([keras.Input((9, 4)), conv])
    x = rng.normal(size=(9, 4)).astype(np.float32)
    check_by_forward_passes(model, x, lambda z: conv(z).numpy(), 2, rng)


def test_rows_equal_a_plain_loop():
    rng = np.random.default_rng(4)
    layer = conv_map(rng, kernel=(3, 2), strides=(2, 1), pads=(1, 0), output_shape=(4, 5, 3))
    x = rng.normal(size=(7, 6, 2))
    encoded = encode_first_layer(layer, x, np.arange(layer.size), window=2, gamma=0.3)
    expected = {}
    for row in range(4):
        for column in range(5):
            for f in range(3):
                response, cells = layer.bias[f], np.zeros((4, 3))
                for i in range(3):
                    for j in range(2):
                        r, c = 2 * row - 1 + i, column + j
                        if 0 <= r < 7 and 0 <= c < 6:
                            value = x[r, c] @ layer.kernel[i, j, :, f]
                            cells[r // 2, c // 2] += value
                            response += value
                if response > 0:
                    node = (row * 5 + column) * 3 + f
                    expected[node] = (cells / response).ravel(), layer.bias[f] / response
    assert encoded.nodes.tolist() == list(expected)
    dense = np.zeros((len(expected), 12))
    dense[:, encoded.problem.groups] = encoded.problem.A.toarray()
    np.testing.assert_allclose(dense, [cells for cells, _ in expected.values()], atol=1e-12)
    np.testing.assert_allclose(encoded.problem.offset, [bias for _, bias in expected.values()])
    np.testing.assert_allclose(encoded.problem.demand, 0.3 + 1e-4 - encoded.problem.offset)


def test_only_windows_in_receptive_fields_are_variables():
    layer = conv_map(np.random.default_rng(5), channels=1)
    x = np.ones((7, 6, 1))
    nodes = np.arange(3)  # the three filters at the top left corner
    encoded = encode_first_layer(layer, x, nodes, window=2, gamma=0.0, response="paper")
    assert encoded.problem.groups.tolist() == [0, 1, 3, 4]
    assert encoded.problem.grid == (4, 3)


def test_fixed_words_move_to_the_offset():
    rng = np.random.default_rng(6)
    layer = conv_map(rng, side=(8,), kernel=(3,), kind="conv1d")
    x, nodes = rng.normal(size=(8, 2)), np.arange(18)
    fixed = np.arange(8) < 3
    free = encode_first_layer(layer, x, nodes, window=1, gamma=0.0)
    held = encode_first_layer(layer, x, nodes, window=1, gamma=0.0, fixed=fixed)
    assert held.problem.groups.min() == 3
    assert free.nodes.tolist() == held.nodes.tolist()
    mask = rng.random(8) < 0.5
    np.testing.assert_allclose(
        held.problem.A @ mask[held.problem.groups] + held.problem.offset,
        free.problem.A @ (mask | fixed)[free.problem.groups] + free.problem.offset,
    )
    with pytest.raises(SmugError, match="nothing to mask"):
        encode_first_layer(layer, x, nodes, window=1, gamma=0.0, fixed=np.ones(8, bool))
    with pytest.raises(SmugError, match="fixed has shape"):
        encode_first_layer(layer, x, nodes, window=1, gamma=0.0, fixed=np.ones(7, bool))


def test_half_fixed_window_keeps_its_free_word_maskable():
    layer = conv_map(
        np.random.default_rng(7),
        side=(4,),
        kernel=(4,),
        channels=1,
        filters=1,
        kind="conv1d",
        bias=np.zeros(1),
    )
    layer.kernel[:] = 1.0
    x, fixed = np.array([[1.0], [2.0], [3.0], [4.0]]), np.array([True, False, False, False])
    problem = encode_first_layer(layer, x, np.array([0]), window=2, gamma=0.0, fixed=fixed).problem
    np.testing.assert_allclose(problem.A.toarray(), [[0.2, 0.7]])
    np.testing.assert_allclose(problem.offset, [0.1])


def test_receptive_field_marks_padding():
    layer = conv_map(np.random.default_rng(8), pads=(1, 1), output_shape=(7, 6, 3))
    corner = receptive_fields(layer, np.array([0]))[0].reshape(3, 3)
    assert corner.tolist() == [[-1, -1, -1], [-1, 0, 1], [-1, 6, 7]]


def test_top_k_nodes_equal_a_full_sort():
    rng = np.random.default_rng(9)
    attribution = rng.integers(-3, 4, (4, 5, 3)).astype(float)
    order = sorted(range(60), key=lambda i: (-attribution.ravel()[i], i))
    for k in (1, 7, 33, 60):
        nodes = top_k_nodes(attribution, k, positive_only=False)
        assert nodes.tolist() == order[:k]
        positive = [i for i in order[:k] if attribution.ravel()[i] > 0]
        assert top_k_nodes(attribution, k).tolist() == positive


@pytest.mark.parametrize(
    ("attribution", "k", "message"),
    [
        (np.ones((2, 3)), 7, r"top_k=7 is outside \[1, 6\]"),
        (np.ones(3), 0, r"top_k=0 is outside"),
        (np.array([1.0, np.nan]), 1, "NaN or infinite"),
        (np.array([0.0, -1.0]), 1, "none of the 2 nodes has a positive attribution"),
    ],
)
def test_top_k_errors(attribution, k, message):
    with pytest.raises(SmugError, match=message):
        top_k_nodes(attribution, k)


def test_no_positive_response():
    layer = conv_map(np.random.default_rng(10))
    layer.kernel[:] = 0.0
    layer.bias[:] = -1.0
    x, nodes = np.ones((7, 6, 2)), np.arange(5)
    for response in ("paper", "bias_free"):
        with pytest.raises(SmugError, match=rf"none of the 5 chosen nodes.*\({response}\)"):
            encode_first_layer(layer, x, nodes, window=1, gamma=0.0, response=response)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"gamma": 1.0}, r"gamma=1.0 is outside \[0, 1\)"),
        ({"window": 7}, r"window=7 is outside \[1, 6\] for an input of 7 × 6"),
        ({"window": 0}, "window=0 is outside"),
        ({"response": "bias-free"}, "Did you mean 'bias_free'"),
        ({"nodes": np.array([200])}, "has 60 nodes"),
        ({"nodes": np.array([], int)}, "non-empty"),
        ({"x": np.full((7, 6, 2), np.nan)}, "layer 'conv' holds NaN"),
        ({"x": np.ones((6, 7, 2))}, r"shape \(6, 7, 2\); expected one of \[\(7, 6, 2\)\]"),
    ],
)
def test_bad_settings_name_the_culprit(changes, message):
    rng = np.random.default_rng(11)
    layer = conv_map(rng)
    x = rng.normal(size=(7, 6, 2))
    settings = {"x": x, "nodes": np.arange(60), "window": 1, "gamma": 0.0}
    with pytest.raises(SmugError, match=message):
        encode_first_layer(layer, **settings | changes)


def test_expand_mask():
    mask = np.array([[True, False], [False, True]])
    expected = np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1]], bool)
    np.testing.assert_array_equal(expand_mask(mask, (3, 3), 2), expected)
    assert mask_grid((3, 3), 2) == (2, 2)
    with pytest.raises(SmugError, match=r"mask has shape \(2, 2\)"):
        expand_mask(mask, (3, 3), 1)


def test_nodes_that_see_nothing_but_padding_are_not_chosen():
    layer = LinearMap(
        *("conv", "conv1d", np.ones((3, 2, 4)), np.zeros(4), (8,), (6, 4), (1,), (1,), (0,))
    )
    attribution = np.ones((6, 4))
    padding = np.arange(8) < 5
    kept = without_padding(layer, attribution, padding)
    # Windows 0 to 2 lie in the padding, window 3 holds the first word.
    assert kept[:3].max() == 0
    assert kept[3:].min() == 1
    assert top_k_nodes(kept, 24).tolist() == list(range(12, 24))
    assert without_padding(layer, attribution, np.zeros(8, bool)) is attribution


def test_a_dense_layer_sees_every_word():
    layer = LinearMap(
        *("d", "dense", np.ones((5, 1, 3)), np.zeros(3), (5,), (3,), (1,), (1,), (0,))
    )
    attribution = np.arange(3.0)
    padding = np.array([True, False, False, False, False])
    np.testing.assert_array_equal(without_padding(layer, attribution, padding), attribution)
