import keras
import numpy as np
import pytest
from keras import layers

import smug
from smug.attribution import geometric
from smug.attribution.geometric import geometric_ensemble, ggig
from smug.attribution.gradients import gradients
from smug.errors import SmugError
from smug.models import rewire
from smug.models.networks import mnist_mlp, text_cnn
from smug.models.perturb import parameters, perturbed


class Score(layers.Layer):
    """Class j scores ``sum_i w_ij f(x_i)`` or, for exp, ``exp(sum_i w_ij x_i)``."""

    def __init__(self, kind, weights):
        super().__init__()
        self.kind, self.columns = kind, weights

    def call(self, x):
        columns = keras.ops.convert_to_tensor(self.columns)
        if self.kind == "exp":
            return keras.ops.exp(keras.ops.matmul(x, columns))
        return keras.ops.matmul(x ** {"linear": 1, "square": 2}[self.kind], columns)


WEIGHTS = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
X = np.random.default_rng(3).normal(size=(2, 5)).astype(np.float32)
TARGET = np.array([2, 0])


def score_model(kind):
    return keras.Sequential([keras.Input((5,)), Score(kind, WEIGHTS)])


def image_model(seed=0):
    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [
            keras.Input((8, 8, 2)),
            layers.Conv2D(4, 3, kernel_initializer="he_normal"),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ]
    )


def images(count=3):
    return np.random.default_rng(2).uniform(0, 1, (count, 8, 8, 2)).astype(np.float32)


def digit_model():
    keras.utils.set_random_seed(0)
    return mnist_mlp.build((12,))


def explored(gradient, x, start, points, ascent_steps, step_size):
    """The method, one point after the other."""
    step, best = step_size * np.linalg.norm(x - start), np.zeros_like(x)
    for k in range(1, points + 1):
        point = start + k / points * (x - start)
        for _ in range(ascent_steps + 1):
            g = gradient(point)
            best = np.where(np.abs(g) > np.abs(best), g, best)
            point = point + step * g / np.linalg.norm(g)
    return best * (x - start)


@pytest.mark.parametrize(
    ("baseline", "start"), [("zero", 0.0), ("black", -1.0), ("white", 2.0), (0.25, 0.25)]
)
def test_a_linear_score_has_one_gradient(baseline, start):
    actual = ggig(score_model("linear"), X, TARGET, baseline=baseline, input_range=(-1.0, 2.0))
    np.testing.assert_allclose(actual, WEIGHTS.T[TARGET] * (X - start), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("ascent_steps", [0, 1, 4])
def test_a_quadratic_score_is_explored_as_a_plain_loop_does(ascent_steps):
    model, start = score_model("square"), np.full(5, -0.3)
    settings = {"points": 7, "ascent_steps": ascent_steps, "step_size": 0.1}
    actual = ggig(model, X, TARGET, baseline=start, batch_size=3, **settings)
    for i, target in enumerate(TARGET):
        expected = explored(lambda p, t=target: 2 * WEIGHTS[:, t] * p, X[i], start, **settings)
        np.testing.assert_allclose(actual[i], expected, rtol=1e-4)
    if not ascent_steps:
        # From zero the largest gradient is the one at the input.
        actual = ggig(model, X, TARGET, **settings)
        np.testing.assert_allclose(actual, 2 * WEIGHTS.T[TARGET] * X**2, rtol=1e-5)


@pytest.mark.parametrize("ascent_steps", [0, 1, 3])
def test_ascent_raises_the_score_by_step_times_slope(ascent_steps):
    # The gradient of exp(w·x) is w times the score, so the map tells the highest score met:
    # ascent goes straight along w, from the point on the path that was highest already.
    actual = ggig(score_model("exp"), X, TARGET, points=4, ascent_steps=ascent_steps, step_size=0.1)
    for i, target in enumerate(TARGET):
        w = WEIGHTS[:, target].astype(float)
        highest = max(w @ X[i] * k / 4 for k in range(1, 5))
        highest += ascent_steps * 0.1 * np.linalg.norm(X[i]) * np.linalg.norm(w)
        np.testing.assert_allclose(actual[i], w * np.exp(highest) * X[i], rtol=1e-4)


def test_no_feature_gets_less_than_gradient_times_input():
    model, x, target = image_model(), images(), np.array([0, 1, 2])
    plain = np.abs(gradients(model, x, target) * x)
    found = np.abs(ggig(model, x, target))
    assert (found >= plain * (1 - 1e-4)).all()
    assert (found > plain * 1.01).any()


@pytest.mark.filterwarnings("ignore::smug.SmugWarning")
def test_vanishing_gradients_still_point_somewhere():
    # A score near exp(-60): the square of its gradient underflows in float32.
    w, target = WEIGHTS[:, 1], np.array([1])
    inputs = keras.Input((5,))
    shifted = layers.Rescaling(1.0, (-60 * w / (w @ w)).tolist())(inputs)
    model = keras.Model(inputs, Score("exp", WEIGHTS)(shifted))
    assert 0 < np.abs(gradients(model, X[:1], target)).max() < 1e-23
    flat = ggig(model, X[:1], target, points=1, ascent_steps=0)
    risen = ggig(model, X[:1], target, points=1, ascent_steps=1, step_size=0.5)
    slope = np.linalg.norm(w) * 0.5 * np.linalg.norm(X[0])
    np.testing.assert_allclose(risen, flat * np.exp(slope), rtol=1e-3)
    nothing = keras.Sequential([keras.Input((5,)), Score("linear", np.zeros((5, 3), np.float32))])
    assert not ggig(nothing, X, TARGET).any()


@pytest.mark.parametrize("explain", [ggig, geometric_ensemble])
def test_a_batch_equals_its_singles(explain):
    model, x, target = image_model(), images(), np.array([0, 1, 2])
    # Some draws are refused, each input at its own count of them.
    own = {"noise": 1.0, "tolerance": 0.02, "members": 3} if explain is geometric_ensemble else {}
    rows = np.random.default_rng(1).random(x.shape, np.float32)
    for baseline in ("both", rows):
        batch = explain(model, x, target, baseline=baseline, points=5, batch_size=3, **own)
        assert batch.dtype == np.float32
        assert batch.shape == x.shape
        for i in range(3):
            one = slice(i, i + 1)
            base = rows[one] if baseline is rows else baseline
            single = explain(
                model, x[one], target[one], baseline=base, points=5, batch_size=3, **own
            )
            np.testing.assert_array_equal(batch[i], single[0])


def test_two_baselines_are_averaged():
    model, x, target = image_model(), images(), np.array([0, 1, 2])
    black, white, both = (
        ggig(model, x, target, baseline=baseline, points=4)
        for baseline in ("black", "white", "both")
    )
    np.testing.assert_allclose(both, (black + white) / 2, atol=1e-7)


@pytest.mark.parametrize("batch_size", [1, 4, 50])
def test_chunks_do_not_matter(batch_size):
    model, x, target = image_model(), images(1), np.array([1])
    whole = ggig(model, x, target, points=20, batch_size=20)
    chunked = ggig(model, x, target, points=20, batch_size=batch_size)
    np.testing.assert_allclose(chunked, whole, atol=1e-6)


def test_repeated_calls_do_not_trace_again():
    model, x = image_model(), images(2)
    traced = []
    for points, ascent_steps, step_size in ((4, 1, 0.1), (9, 3, 0.2)):
        settings = {"points": points, "ascent_steps": ascent_steps, "step_size": step_size}
        ggig(model, x, np.array([0, 1]), **settings)
        geometric_ensemble(model, x, np.array([2, 1]), members=2, **settings)
        traced.append(dict(model.__dict__["_smug_traced"][1]))
    # Each is a graph of its own that is traced once, when it is made.
    assert traced[0] == traced[1]
    assert {key[0] for key in traced[1]} == {"ggig", "outputs_of"}


def test_words_are_attributed_at_their_embeddings():
    model = text_cnn.build(num_words=9, embedding=4, filters=5, max_words=6)
    tokens = np.array([[0, 0, 3, 5, 8, 1], [0, 2, 2, 7, 4, 6]])
    target, rest = np.zeros(2, int), text_cnn.on_embeddings(model)
    actual = ggig(model, tokens, target)
    assert actual.shape == (2, 6, 4)
    embedded = text_cnn.embed(model, tokens)
    np.testing.assert_allclose(actual, ggig(rest, embedded, target), atol=1e-7)
    # Here the embeddings carry no noise, there they do.
    found = geometric_ensemble(model, tokens, target, members=2)
    outside = geometric_ensemble(rest, embedded, target, members=2)
    assert found.shape == outside.shape == (2, 6, 4)
    assert np.abs(found - outside).max() > 0


def test_an_ensemble_is_the_mean_over_its_members():
    model, x, target = digit_model(), np.full((1, 28, 28), 0.3, np.float32), np.array([4])
    actual = geometric_ensemble(model, x, target, members=3, noise=0.01, tolerance=1.0, seed=5)
    maps = []
    for member in range(3):
        with perturbed(model, 0.01, seed=(5, member, 0)):
            maps.append(ggig(model, x, target))
    np.testing.assert_allclose(actual, np.mean(maps, axis=0), atol=1e-8)
    assert np.abs(maps[0] - maps[1]).max() > 0


def test_members_are_near_the_trained_model(monkeypatch):
    model, x, target = image_model(), images(2), np.array([0, 2])
    trained, seen = rewire.outputs_of(model, x), []

    def watching(model, x, target, **settings):
        seen.append((x[0], rewire.outputs_of(model, x)[0]))
        return ggig(model, x, target, **settings)

    monkeypatch.setattr(geometric, "ggig", watching)
    geometric_ensemble(model, x, target, members=4, noise=2.0, tolerance=0.03)
    assert len(seen) == 8
    for one, outputs in seen:
        i = 0 if np.array_equal(one, x[0]) else 1
        assert 0 < abs(outputs[target[i]] - trained[i, target[i]]) <= 0.03
        assert outputs.argmax() == trained[i].argmax()


def test_weights_come_back_bit_for_bit(monkeypatch):
    model, x, target = image_model(), images(2), np.array([0, 2])
    before = [weight.numpy().copy() for weight in model.weights]

    def same():
        return all(np.array_equal(a, b) for a, b in zip(before, model.weights, strict=True))

    geometric_ensemble(model, x, target, members=2, points=2)
    assert same()

    def failing(*args, **settings):
        assert not same()
        raise RuntimeError("no memory")

    monkeypatch.setattr(geometric, "ggig", failing)
    with pytest.raises(RuntimeError, match="no memory"):
        geometric_ensemble(model, x, target, members=2, points=2)
    assert same()
    with pytest.raises(SmugError, match=r"60 draws .* more than tolerance=1e-12"):
        geometric_ensemble(model, x, target, tolerance=1e-12, noise=1e3)
    assert same()


def test_noise_has_the_size_of_its_tensor_and_spares_statistics():
    model = image_model()
    for weight in model.weights:
        weight.assign(np.random.default_rng(0).normal(3.0, 2.0, weight.shape))
    model.layers[-1].bias.assign([0, 0, 0])
    before = {weight.path: weight.numpy().copy() for weight in model.weights}
    kernel = model.layers[-1].kernel
    model.trainable = False
    assert len(parameters(model)) == 6
    with perturbed(model, 0.1, seed=0):
        change = {
            weight.path: weight.numpy().copy() - before[weight.path] for weight in model.weights
        }
    moved = {path.split("/")[-1] for path, value in change.items() if np.abs(value).max() > 0}
    assert moved == {"kernel", "bias", "gamma", "beta"}
    assert not change[model.layers[-1].bias.path].any()
    size = np.sqrt(np.mean(before[kernel.path] ** 2))
    assert change[kernel.path].std() == pytest.approx(0.1 * size, rel=0.1)
    with pytest.raises(SmugError, match=r"noise=-1"), perturbed(model, -1, seed=0):
        pass


@pytest.mark.parametrize("method", ["ggig", "geometric_ensemble"])
def test_methods_are_registered(method):
    made = smug.explain(digit_model(), np.full((28, 28), 0.3, np.float32), method=method, points=3)
    assert made.values.shape == (1, 28, 28)
    assert made.saliency().max() > 0


@pytest.mark.parametrize(
    ("explain", "changes", "message"),
    [
        (ggig, {"points": 0}, r"points=0 is outside \[1, 1000000000\]"),
        (ggig, {"ascent_steps": -1}, r"ascent_steps=-1 is outside \[0, 1000000000\]"),
        (ggig, {"batch_size": 0}, r"batch_size=0 is outside \[1, 1000000000\]"),
        (ggig, {"step_size": -0.1}, r"step_size=-0\.1"),
        (ggig, {"baseline": "grey"}, "unknown baseline 'grey'"),
        (ggig, {"target": np.array([0, 3])}, r"target 3 is outside \[0, 3\)"),
        (geometric_ensemble, {"members": 0}, "members=0"),
        (geometric_ensemble, {"tolerance": 0.0}, r"tolerance=0\.0"),
        (geometric_ensemble, {"noise": np.nan}, "noise=nan"),
        (geometric_ensemble, {"points": 0}, r"points=0 is outside \[1, 1000000000\]"),
    ],
)
def test_bad_settings_name_the_culprit(explain, changes, message):
    with pytest.raises(SmugError, match=message):
        explain(score_model("linear"), **{"x": X, "target": TARGET} | changes)
