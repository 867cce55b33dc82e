import keras
import numpy as np
import pytest
from keras import layers

from smug.attribution.gradients import gradients
from smug.attribution.integrated_gradients import (
    first_layer_integrated_gradients,
    integrated_gradients,
)
from smug.errors import SmugError
from smug.masks.encode import top_k_nodes
from smug.models.first_layer import find_first_layer


class Power(layers.Layer):
    """Class j scores the weighted sum of the input's powers."""

    def __init__(self, power, weights):
        super().__init__()
        self.power, self.columns = power, weights

    def call(self, x):
        return keras.ops.matmul(x**self.power, keras.ops.convert_to_tensor(self.columns))


def power_model(power, seed=0):
    weights = np.random.default_rng(seed).normal(size=(5, 3)).astype(np.float32)
    return keras.Sequential([keras.Input((5,)), Power(power, weights)]), weights


def image_model(seed=0):
    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [
            keras.Input((8, 8, 2)),
            layers.Conv2D(4, 3, activation="relu", kernel_initializer="he_normal"),
            layers.Conv2D(6, 3, activation="relu", kernel_initializer="he_normal"),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ]
    )


def text_model():
    keras.utils.set_random_seed(1)
    return keras.Sequential(
        [
            keras.Input((6,), dtype="int32"),
            layers.Embedding(9, 4, embeddings_initializer="random_normal"),
            layers.Conv1D(5, 3, activation="relu", kernel_initializer="he_normal"),
            layers.GlobalMaxPooling1D(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def images(count=3):
    return np.random.default_rng(2).uniform(0, 1, (count, 8, 8, 2)).astype(np.float32)


X = np.random.default_rng(3).normal(size=(2, 5)).astype(np.float32)
TARGET = np.array([2, 0])


@pytest.mark.parametrize("rule", ["riemann", "gauss_legendre"])
@pytest.mark.parametrize("power", [1, 2])
def test_linear_and_quadratic_scores_are_exact_in_few_steps(rule, power):
    model, weights = power_model(power)
    expected = weights.T[TARGET] * X**power
    actual, details = integrated_gradients(
        model, X, TARGET, steps=2, rule=rule, return_details=True
    )
    np.testing.assert_allclose(actual, expected, atol=1e-6)
    np.testing.assert_allclose(details.completeness_error, 0, atol=1e-5)
    np.testing.assert_allclose(details.score, expected.sum(axis=1), atol=1e-5)
    assert details.steps.tolist() == [2, 2]


def test_rules_converge_at_their_own_rate():
    model, weights = power_model(4)
    exact = weights.T[TARGET] * X**4
    # Two Gauss points integrate the cubic gradient exactly; n midpoints are off by O(1 / n^2):
    # the mean of 4 t^3 over them is 1 - 1 / (2 n^2).
    gauss = integrated_gradients(model, X, TARGET, steps=2, rule="gauss_legendre")
    np.testing.assert_allclose(gauss, exact, rtol=1e-5)
    for n in (3, 10):
        midpoint = integrated_gradients(model, X, TARGET, steps=n)
        np.testing.assert_allclose(midpoint, exact * (1 - 1 / (2 * n**2)), rtol=1e-5)


def test_baselines():
    model, weights = power_model(2)

    def closed_form(start):
        return weights.T[TARGET] * (X**2 - start**2)

    settings = {"steps": 4, "input_range": (-1.0, 2.0)}
    rows = np.stack([np.full(5, 0.5, np.float32), np.arange(5, dtype=np.float32)])
    for baseline, expected in (
        ("zero", closed_form(0.0)),
        ("black", closed_form(-1.0)),
        ("white", closed_form(2.0)),
        ("both", (closed_form(-1.0) + closed_form(2.0)) / 2),
        (0.25, closed_form(0.25)),
        (rows[1], closed_form(rows[1])),
        (rows, closed_form(rows)),
    ):
        actual, details = integrated_gradients(
            model, X, TARGET, baseline=baseline, **settings, return_details=True
        )
        np.testing.assert_allclose(actual, expected, atol=2e-5)
        assert details.steps[0] == (8 if isinstance(baseline, str) and baseline == "both" else 4)


@pytest.mark.parametrize("explain", [integrated_gradients, first_layer_integrated_gradients])
def test_a_batch_equals_its_singles(explain):
    model, x, target = image_model(), images(), np.array([0, 1, 2])
    batch = explain(model, x, target, steps=7, batch_size=3)
    for i in range(3):
        single = explain(model, x[i : i + 1], target[i : i + 1], steps=7, batch_size=3)
        # Torch sums other batches in another order.
        np.testing.assert_allclose(batch[i], single[0], rtol=1e-6, atol=1e-7)


def test_gradients_of_a_batch_and_in_closed_form():
    model, x, target = image_model(), images(), np.array([0, 1, 2])
    batch = gradients(model, x, target)
    np.testing.assert_allclose(batch[1], gradients(model, x[1:2], target[1:2])[0], atol=1e-7)
    model, weights = power_model(3)
    np.testing.assert_allclose(gradients(model, X, TARGET), 3 * weights.T[TARGET] * X**2, rtol=1e-5)


@pytest.mark.parametrize("batch_size", [1, 4, 50])
def test_chunks_do_not_matter(batch_size):
    model, x, target = image_model(), images(1), np.array([1])
    whole = first_layer_integrated_gradients(model, x, target, steps=30, batch_size=30)
    chunked = first_layer_integrated_gradients(model, x, target, steps=30, batch_size=batch_size)
    np.testing.assert_allclose(chunked, whole, atol=1e-6)


def test_first_layer_is_complete_and_equals_a_plain_loop():
    model, x, target = image_model(), images(2), np.array([0, 2])
    actual, details = first_layer_integrated_gradients(
        model, x, target, steps=200, return_details=True
    )
    change = details.score - details.baseline_score
    np.testing.assert_allclose(details.completeness_error / change, 0, atol=1e-2)
    activations = np.asarray(model.layers[0](x))
    tail = keras.Sequential(model.layers[1:])
    np.testing.assert_allclose(
        details.score, np.asarray(tail(activations))[[0, 1], target], rtol=1e-5
    )
    np.testing.assert_allclose(
        details.baseline_score, np.asarray(tail(0 * activations))[[0, 1], target], rtol=1e-5
    )
    plain = gradients_along(tail, activations, target, (np.arange(200) + 0.5) / 200)
    np.testing.assert_allclose(actual, plain * activations, atol=1e-6)


def gradients_along(tail, activations, target, times):
    return np.mean(
        [gradients(tail, (t * activations).astype(np.float32), target) for t in times], axis=0
    )


def test_pre_activation_site_gives_the_same_attributions():
    model, x, target = image_model(), images(1), np.array([1])
    expected = first_layer_integrated_gradients(model, x, target, steps=20)

    class FunctionalReLU(keras.Model):
        def __init__(self):
            super().__init__()
            self.conv = layers.Conv2D(4, 3)
            self.rest = keras.Sequential(model.layers[1:])

        def call(self, x):
            return self.rest(keras.ops.relu(self.conv(x)))

    twin = FunctionalReLU()
    twin(x)
    twin.conv.set_weights(model.layers[0].get_weights())
    actual = first_layer_integrated_gradients(twin, x, target, steps=20)
    positive = find_first_layer(twin, x=x).activations(x) > 0
    np.testing.assert_allclose(actual[positive], expected[positive], atol=1e-6)
    assert np.abs(actual[~positive]).max() < 1e-7


def test_words_are_attributed_at_their_embeddings():
    model, x = text_model(), np.array([[0, 0, 3, 5, 8, 1], [0, 2, 2, 7, 4, 6]])
    target = np.zeros(2, int)
    actual, details = integrated_gradients(model, x, target, steps=400, return_details=True)
    assert actual.shape == (2, 6, 4)
    embeddings = np.asarray(model.layers[0](x))
    rest = keras.Sequential([keras.Input((6, 4)), *model.layers[1:]])
    np.testing.assert_allclose(
        actual, integrated_gradients(rest, embeddings, target, steps=400), atol=1e-6
    )
    change = details.score - details.baseline_score
    np.testing.assert_allclose(details.completeness_error / change, 0, atol=5e-2)
    np.testing.assert_allclose(
        gradients(model, x, target), gradients(rest, embeddings, target), atol=1e-6
    )
    with pytest.raises(SmugError, match="baseline='white' is a value of pixels"):
        integrated_gradients(model, x, target, baseline="white")


def test_one_output_is_explained_whatever_the_target():
    model, x = text_model(), np.array([[0, 0, 3, 5, 8, 1]])
    zero, one = (first_layer_integrated_gradients(model, x, np.array([t])) for t in (0, 1))
    np.testing.assert_array_equal(zero, one)
    with pytest.raises(SmugError, match=r"target 2 is outside \[0, 2\)"):
        first_layer_integrated_gradients(model, x, np.array([2]))


def test_repeated_calls_do_not_trace_again():
    model, x = image_model(), images(2)
    traced = []
    for target in (np.array([0, 1]), np.array([2, 2])):
        for steps in (4, 9):
            integrated_gradients(model, x, target, steps=steps, batch_size=4)
            first_layer_integrated_gradients(model, x + 0.1, target, steps=steps, batch_size=4)
            gradients(model, x, target)
            traced.append(dict(model.__dict__["_smug_traced"][1]))
    # Each is a graph of its own that is traced once, when it is made.
    assert all(again == traced[0] for again in traced)
    assert {key[0] for key in traced[0]} == {"paths", "outputs_of", "gradients", "tensor_at"}
    assert len(traced[0]) == 5


def test_weights_are_read_when_called():
    model, x, target = image_model(), images(1), np.array([0])
    before = integrated_gradients(model, x, target, steps=5)
    other = image_model(seed=7)
    model.set_weights(other.get_weights())
    after = integrated_gradients(model, x, target, steps=5)
    np.testing.assert_allclose(after, integrated_gradients(other, x, target, steps=5), atol=1e-7)
    assert np.abs(after - before).max() > 1e-4


def test_adaptive_path_settles_early_on_the_same_top_k():
    model, x, target = image_model(), images(3), np.array([0, 1, 2])
    fixed = first_layer_integrated_gradients(model, x, target, steps=400)
    adaptive, details = first_layer_integrated_gradients(
        model, x, target, steps=400, adaptive=True, top_k=40, return_details=True
    )
    assert (details.steps < 200).all()
    change = np.abs(details.score - details.baseline_score)
    assert (np.abs(details.completeness_error) <= 0.02 * change).all()
    for one, other in zip(fixed, adaptive, strict=True):
        same = np.intersect1d(top_k_nodes(one, 40), top_k_nodes(other, 40)).size
        assert same >= 0.95 * len(top_k_nodes(one, 40))


def test_adaptive_path_is_the_trapezoid_rule():
    model, weights = power_model(3)
    actual, details = integrated_gradients(
        model, X, TARGET, steps=33, adaptive=True, tolerance=1e-12, return_details=True
    )
    assert details.steps.tolist() == [33, 33]
    # The trapezoid rule with 32 intervals gives 1 + 1 / (2 * 32^2) for the integral of 3 t^2.
    exact = weights.T[TARGET] * X**3
    np.testing.assert_allclose(actual, exact * (1 + 1 / (2 * 32**2)), rtol=1e-5)


@pytest.mark.filterwarnings("ignore::smug.SmugWarning")
def test_a_score_that_ignores_the_input_has_no_attribution():
    model = keras.Sequential([keras.Input((5,)), Power(1, np.zeros((5, 3), np.float32))])
    assert not integrated_gradients(model, X, TARGET, steps=3).any()
    assert not gradients(model, X, TARGET).any()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"target": np.array([0, 3])}, r"target 3 is outside \[0, 3\)"),
        ({"target": np.array([-1, 0])}, "target -1 is outside"),
        ({"target": np.array([0])}, r"target has shape \(1,\)"),
        ({"target": np.array([0.0, 1.0])}, "type float64"),
        ({"x": np.full((2, 5), np.inf)}, "NaN or infinite"),
        ({"x": np.zeros((2, 4))}, r"input has shape \(2, 4\)"),
        ({"baseline": "grey"}, "unknown baseline 'grey'"),
        ({"baseline": np.zeros(4)}, r"baseline has shape \(4,\)"),
        ({"rule": "simpson"}, "unknown rule 'simpson'"),
        ({"steps": 0}, r"steps=0 is outside \[1, 1000000000\]; raise steps"),
        ({"batch_size": 0}, "batch_size=0 is outside"),
        ({"steps": 4, "adaptive": True}, "steps=4 leaves nothing to adapt"),
    ],
)
def test_bad_settings_name_the_culprit(changes, message):
    model, _ = power_model(1)
    with pytest.raises(SmugError, match=message):
        integrated_gradients(model, **{"x": X, "target": TARGET} | changes)


def test_integer_images_and_ambiguous_embeddings():
    integers = keras.Input((5,), dtype="int32")
    model = keras.Model(integers, layers.Dense(2)(layers.Rescaling(0.1)(integers)))
    # Integers have no gradient: that of the first floats, here the rescaled ones, stands for it.
    found = gradients(model, np.zeros((1, 5), int), np.array([0]))
    np.testing.assert_allclose(found[0], model.layers[-1].kernel.numpy()[:, 0], rtol=1e-6)
    a, b = layers.Embedding(3, 2, name="a"), layers.Embedding(3, 2, name="b")
    merged = layers.Flatten()(layers.Add()([a(integers), b(integers)]))
    model = keras.Model(integers, layers.Dense(2)(merged))
    with pytest.raises(SmugError, match=r"several embeddings \('a', 'b'\)"):
        gradients(model, np.zeros((1, 5), int), np.array([0]))
    assert gradients(model, np.zeros((1, 5), int), np.array([0]), layer=a).shape == (1, 5, 2)
