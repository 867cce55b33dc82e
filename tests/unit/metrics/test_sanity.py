import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers
from scipy.stats import rankdata

from smug.attribution.gradients import gradients
from smug.attribution.integrated_gradients import integrated_gradients
from smug.errors import SmugError
from smug.limits import NAMES
from smug.metrics import sanity
from smug.models import rewire
from smug.models.networks import efficientnet_lite0, mnist_mlp, text_cnn
from smug.models.perturb import perturbed, same_class


def image_model():
    keras.utils.set_random_seed(0)
    inputs = keras.Input((8, 8, 2))
    body = keras.Sequential(
        [
            layers.Conv2D(6, 3, kernel_initializer="he_normal", name="conv"),
            layers.BatchNormalization(name="norm"),
            layers.ReLU(),
        ]
    )
    flat = layers.Flatten()(body(inputs))
    model = keras.Model(inputs, layers.Dense(3, activation="softmax", name="top")(flat))
    rng = np.random.default_rng(0)
    for weight in model.weights:
        weight.assign(
            np.abs(rng.normal(1, 0.3, weight.shape)) * np.sign(weight.numpy().copy() + 1e-9)
        )
    return model


X = np.random.default_rng(2).uniform(0, 1, (3, 8, 8, 2)).astype(np.float32)
TARGET = np.array([0, 1, 2])


def copies(model):
    return [weight.numpy().copy() for weight in model.weights]


def changed(model, before):
    return {
        weight.path.split("/")[-2]
        for weight, value in zip(model.weights, before, strict=True)
        if not np.array_equal(weight, value)
    }


def test_levels_go_down_from_the_top_to_nested_layers():
    cascade = sanity.levels(image_model())
    assert [(level.name, level.depth) for level in cascade] == [
        ("top", 1),
        ("norm", 2),
        ("conv", 3),
    ]
    assert [[layer.name for layer in level.layers] for level in cascade] == [
        ["top"],
        ["top", "norm"],
        ["top", "norm", "conv"],
    ]
    alone = sanity.levels(image_model(), order="independent")
    assert [[layer.name for layer in level.layers] for level in alone] == [
        ["top"],
        ["norm"],
        ["conv"],
    ]
    two = sanity.levels(image_model(), order="independent", at_most=2)
    assert sum(len(level.layers) for level in two) == 3
    assert {level.name for level in two} <= {"top", "top … norm", "norm … conv", "conv"}


def test_deep_networks_fall_into_blocks():
    model = efficientnet_lite0.build(classes=3)
    blocks = sanity.levels(model, order="independent", at_most=7)
    every = sanity.levels(model, at_most=None)
    assert len(blocks) == 7
    sizes = [len(block.layers) for block in blocks]
    assert max(sizes) - min(sizes) <= 1
    joined = [layer for block in blocks for layer in block.layers]
    assert joined == list(every[-1].layers)
    assert len(every) == len(joined) > 90
    held = sum(int(np.prod(w.shape)) for layer in joined for w in layer.weights)
    assert held == model.count_params()


@pytest.mark.parametrize("order", NAMES["order"])
def test_a_level_changes_its_layers_and_every_map(order):
    model = image_model()
    before = copies(model)
    maps = {explain: explain(model, X, TARGET) for explain in (gradients, integrated_gradients)}
    for level in sanity.levels(model, order=order):
        with sanity.randomised(model, level, seed=1):
            assert changed(model, before) == {layer.name for layer in level.layers}
            for explain, trained in maps.items():
                found = explain(model, X, TARGET)
                assert np.abs(found - trained).max() > 0.01 * np.abs(trained).max()
        assert not changed(model, before)
        for explain, trained in maps.items():
            np.testing.assert_array_equal(explain(model, X, TARGET), trained)


def test_new_weights_follow_the_initialisers_and_the_seed():
    model = keras.Sequential(
        [
            keras.Input((300,)),
            # The seed of the trained network must not come back.
            layers.Dense(200, kernel_initializer=keras.initializers.HeNormal(seed=7)),
            layers.Dense(200, kernel_initializer=keras.initializers.HeNormal(seed=7)),
            layers.Dense(2, bias_initializer="ones"),
            layers.BatchNormalization(),
        ]
    )
    before = copies(model)
    for weight in (*model.layers[2].weights, *model.layers[3].weights):
        weight.assign(weight + 3)
    everything = sanity.levels(model)[-1]
    draws = []
    for seed in (0, 0, 1):
        with sanity.randomised(model, everything, seed=seed):
            draws.append(copies(model))
    for first, second in zip(*draws[:2], strict=True):
        np.testing.assert_array_equal(first, second)
    kernels = [draws[0][0], draws[0][2], draws[2][0], before[0]]
    assert len({float(kernel[0, 0]) for kernel in kernels}) == 4
    assert draws[0][0].std() == pytest.approx(np.sqrt(2 / 300), rel=0.03)
    assert draws[0][2].std() == pytest.approx(np.sqrt(2 / 200), rel=0.03)
    assert draws[0][5].tolist() == [1, 1]
    gamma, beta, mean, variance = (value.tolist() for value in draws[0][6:])
    assert (gamma, beta, mean, variance) == ([1, 1], [0, 0], [0, 0], [1, 1])


def test_cascading_levels_build_on_each_other():
    model = mnist_mlp.build((6, 5))
    first, second, _ = sanity.levels(model)
    with sanity.randomised(model, first):
        top = model.layers[-1].kernel.numpy().copy()
    with sanity.randomised(model, second):
        np.testing.assert_array_equal(model.layers[-1].kernel, top)
        middle = model.layers[-2].kernel.numpy().copy()
    with sanity.randomised(model, sanity.levels(model, order="independent")[1]):
        np.testing.assert_array_equal(model.layers[-2].kernel, middle)


@pytest.mark.parametrize(
    "model",
    [
        lambda: text_cnn.build(num_words=9, embedding=4, filters=5, max_words=6),
        lambda: keras.Sequential(
            [
                keras.Input((6, 4)),
                layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
                layers.SeparableConv1D(4, 3),
                layers.LayerNormalization(),
                layers.GRU(2),
                layers.Dense(1, activation="sigmoid"),
            ]
        ),
    ],
)
def test_other_layers_are_built_anew_too(model):
    model = model()
    before = copies(model)
    for weight in model.weights:
        weight.assign(weight.numpy().copy() + 1)
    moved = copies(model)
    with sanity.randomised(model, sanity.levels(model)[-1]):
        fresh = copies(model)
    for old, new in zip(before, fresh, strict=True):
        assert np.isfinite(new).all()
        # Constants return; what is drawn is drawn anew, from the same distribution.
        if np.isin(old, [0, 1]).all():
            np.testing.assert_array_equal(new, old)
        elif old.size > 8:
            assert not np.array_equal(new, old)
            assert 0.5 < new.std() / old.std() < 2
    for old, new in zip(moved, copies(model), strict=True):
        np.testing.assert_array_equal(new, old)


def fail_within(block, condition):
    with block:
        assert condition()
        raise RuntimeError("solver")


def test_weights_come_back_bit_for_bit_after_an_error():
    model = image_model()
    before = copies(model)
    for block in (
        lambda: sanity.randomised(model, sanity.levels(model)[-1]),
        lambda: sanity.perturbation(model, X, 0.3),
    ):
        with pytest.raises(RuntimeError, match="solver"):
            fail_within(block(), lambda: changed(model, before))
        assert not changed(model, before)


@pytest.mark.filterwarnings("ignore::smug.SmugWarning")
def test_perturbation_tells_whose_prediction_is_kept():
    model = image_model()
    trained, map_before = rewire.outputs_of(model, X), gradients(model, X, TARGET)
    with sanity.perturbation(model, X, 0.0) as kept:
        assert kept.tolist() == [True] * 3
        np.testing.assert_array_equal(gradients(model, X, TARGET), map_before)
    some = set()
    for seed in range(8):
        with sanity.perturbation(model, X, 1.0, seed=seed) as kept:
            outputs = np.asarray(model(X))
            assert np.abs(gradients(model, X, TARGET) - map_before).max() > 0
        np.testing.assert_array_equal(kept, outputs.argmax(1) == trained.argmax(1))
        some |= set(kept.tolist())
    assert some == {True, False}


def test_noise_levels_share_their_direction():
    model = mnist_mlp.build((6,))
    kernel = model.layers[1].kernel.numpy().copy()
    moves = []
    for noise in (0.1, 0.2):
        with perturbed(model, noise, seed=3):
            moves.append(model.layers[1].kernel.numpy().copy() - kernel)
    np.testing.assert_allclose(2 * moves[0], moves[1], atol=1e-6)


def test_one_output_names_its_class_by_its_side():
    kept = same_class(np.array([[0.2], [0.5], [0.9]]), np.array([[0.4], [0.6], [0.1]]))
    assert kept.tolist() == [True, True, False]
    kept = same_class(np.eye(2), np.array([[0.6, 0.4], [0.6, 0.4]]))
    assert kept.tolist() == [True, False]


@pytest.mark.parametrize("shape", [(28, 28), (5, 9), (3, 3), (40,), (4,)])
def test_a_map_equals_itself_at_any_scale_and_sign(shape):
    values = np.random.default_rng(0).normal(size=shape)
    for other in (values, -values, 7 * values):
        np.testing.assert_allclose(sanity.similarity(values, other), 1, rtol=1e-12)
    ssim, spearman = sanity.similarity(values, 1 / np.abs(values))
    assert ssim < 0.9
    assert spearman == pytest.approx(-1)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([(9, 8), (7, 12), (11,)]))
def test_similarity_is_the_textbooks(seed, shape):
    rng = np.random.default_rng(seed)
    first, second = rng.integers(-4, 5, shape), rng.normal(size=shape)
    if np.ptp(np.abs(first)) == 0:
        return
    ssim, spearman = sanity.similarity(first, second)
    ranks = [rankdata(np.abs(values)) for values in (first, second)]
    assert spearman == pytest.approx(np.corrcoef(*ranks)[0, 1])
    a, b = (np.abs(values) / np.abs(values).max() for values in (first, second))
    windows = [
        np.lib.stride_tricks.sliding_window_view(values, (7,) * len(shape)).reshape(
            -1, 7 ** len(shape)
        )
        for values in (a, b)
    ]
    assert ssim == pytest.approx(np.mean([_ssim(*pair) for pair in zip(*windows, strict=True)]))


def _ssim(a, b):
    covariance = np.cov(a, b)
    c1, c2 = 0.01**2, 0.03**2
    return ((2 * a.mean() * b.mean() + c1) * (2 * covariance[0, 1] + c2)) / (
        (a.mean() ** 2 + b.mean() ** 2 + c1) * (covariance[0, 0] + covariance[1, 1] + c2)
    )


def test_maps_that_rank_nothing_have_no_similarity():
    values = np.arange(9.0).reshape(3, 3)
    for constant in (np.zeros((3, 3)), np.full((3, 3), -2.0)):
        assert np.isnan(sanity.similarity(values, constant)).all()
        assert np.isnan(sanity.similarity(constant, constant)).all()
    ssim, spearman = sanity.similarity(np.array([1.0, 2.0]), np.array([3.0, 5.0]))
    assert np.isnan(ssim)
    assert spearman == pytest.approx(1)


class Bare(keras.Model):
    def __init__(self):
        super().__init__()
        self.own = self.add_weight(shape=(3,), name="own")
        self.dense = layers.Dense(3)

    def call(self, x):
        return self.dense(x) * self.own


class Sized(layers.Layer):
    def __init__(self, rows):
        super().__init__()
        self.kernel = self.add_weight(shape=(rows, 2))

    def get_config(self):
        return super().get_config()

    def call(self, x):
        return keras.ops.matmul(x, self.kernel)


def test_models_that_cannot_be_randomised_say_why():
    model = Bare()
    model(np.zeros((1, 3)))
    with pytest.raises(SmugError, match="own' belongs to no layer"):
        sanity.levels(model)
    model = keras.Sequential([keras.Input((3,)), Sized(3)])
    message = "layer 'sized.*' cannot be built anew"
    with (
        pytest.raises(SmugError, match=message),
        sanity.randomised(model, sanity.levels(model)[0]),
    ):
        pass
    for arguments, message in (
        ({"order": "upwards"}, "unknown order 'upwards'"),
        ({"at_most": 0}, "at_most=0"),
    ):
        with pytest.raises(SmugError, match=message):
            sanity.levels(model, **arguments)


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (np.ones((3, 3)), np.ones((3, 4)), r"\(3, 3\) and \(3, 4\)"),
        (np.ones((3, 3, 3)), np.ones((3, 3, 3)), "reduce channels"),
        (np.ones(0), np.ones(0), r"shapes \(0,\)"),
        (np.array([1.0, np.nan, 2]), np.ones(3), "NaN or infinite"),
    ],
)
def test_maps_that_do_not_fit_are_refused(first, second, message):
    with pytest.raises(SmugError, match=message):
        sanity.similarity(first, second)
