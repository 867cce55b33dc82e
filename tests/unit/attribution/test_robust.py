import keras
import numpy as np
import pytest

import smug
from smug.attribution.robust import robust
from smug.errors import SmugError
from tests.unit.masks.robust.toy import largest_free


def dense(shape=(6,), hidden=(4,), classes=3, seed=0, activation="relu", last="softmax"):
    keras.utils.set_random_seed(seed)
    layers = [keras.Input(shape), keras.layers.Flatten()]
    bias = keras.initializers.RandomNormal(stddev=0.3)
    for n in hidden:
        layers.append(keras.layers.Dense(n, activation=activation, bias_initializer=bias))
    layers.append(keras.layers.Dense(classes, activation=last, bias_initializer=bias))
    return keras.Sequential(layers)


def inputs(model, count, seed=0):
    x = np.random.default_rng(seed).uniform(size=(count, *model.input_shape[1:]))
    return x.astype(np.float32)


@pytest.mark.parametrize("last", ["softmax", None])
def test_smallest_sets_equal_brute_force(last):
    model = dense(last=last, seed=3)
    x = inputs(model, 3)
    made = smug.explain(model, x, method="robust", epsilon=0.4)
    target = np.asarray(model(x)).argmax(axis=1)
    _, details = robust(model, x, target, epsilon=0.4, return_details=True)
    for i, (problem, found) in enumerate(details):
        assert made.solver["status"][i] == "optimal"
        assert made.solver["objective"][i] == 6 - largest_free(problem)
        assert made.solver["minimal"][i]
        np.testing.assert_array_equal(made.mask[i], found.kept)
    assert made.mask.any(axis=1).all()
    np.testing.assert_array_equal(made.values, made.mask)


def test_the_class_stays_under_random_changes_outside_the_set():
    model = dense((5, 5, 1), hidden=(6, 5), seed=2)
    x = inputs(model, 1)
    made = smug.explain(model, x, method="robust", epsilon=0.3, time_limit=10.0)
    assert made.mask.shape == (1, 5, 5)
    assert made.mask.any()
    rng = np.random.default_rng(0)
    moved = x + rng.choice([-0.3, 0.3, 0.1], size=(2000, 5, 5, 1)) * ~made.mask[0][..., None]
    assert (np.asarray(model(np.clip(moved, 0, 1))).argmax(axis=1) == made.target[0]).all()


def test_counterexamples_change_the_models_answer():
    """Replayed by the model itself, with nothing of the search."""
    model = dense((4, 3, 2), hidden=(5,), seed=1)
    x = inputs(model, 2)
    made = smug.explain(model, x, method="robust", epsilon=0.4, window=2)
    found = made.counterexamples
    assert sorted(set(found.explained)) == [0, 1]
    window = (np.arange(4) // 2)[:, None] * 2 + np.arange(3) // 2
    for i, point, frees, becomes, lead in zip(
        found.explained, found.points, found.frees, found.becomes, found.lead, strict=True
    ):
        assert made.mask[i][window == frees].all()
        moving = (~made.mask[i] | (window == frees))[..., None]
        np.testing.assert_array_equal(point[~moving.repeat(2, -1)], x[i][~moving.repeat(2, -1)])
        assert (np.abs(point - x[i]) <= 0.4 + 1e-12).all()
        assert point.min() >= 0
        assert point.max() <= 1
        logits = np.log(np.asarray(model(point[None].astype(np.float32)))[0])
        assert logits[made.target[i]] - logits[becomes] == pytest.approx(lead, abs=1e-4)
        assert lead < 1e-4
    for i in range(2):
        windows = np.unique(window[made.mask[i]])
        np.testing.assert_array_equal(np.sort(found.of(i).frees), windows)


def test_windows_are_kept_whole():
    model = dense((5, 4, 1), hidden=(4,), seed=2)
    x = inputs(model, 1)
    made = smug.explain(model, x, method="robust", epsilon=0.5, window=2, time_limit=10.0)
    mask = made.mask[0]
    for r in range(0, 5, 2):
        for c in range(0, 4, 2):
            assert len(set(mask[r : r + 2, c : c + 2].ravel().tolist())) == 1
    assert made.solver["objective"][0] == mask[::2, ::2].sum()


def test_channels_of_a_pixel_go_together():
    model = dense((2, 2, 3), hidden=(4,), seed=4)
    made = smug.explain(model, inputs(model, 1), method="robust", epsilon=0.5)
    assert made.mask.shape == (1, 2, 2)
    assert made.solver["status"][0] == "optimal"


def test_an_explanation_is_saved_and_read(tmp_path):
    model = dense(seed=3)
    made = smug.explain(model, inputs(model, 2), method="robust", epsilon=0.4)
    again = smug.Explanation.load(made.save(tmp_path / "sets")[0])
    for name, values in made.solver.items():
        np.testing.assert_array_equal(again.solver[name], values)
    assert len(again.counterexamples) == made.mask.sum() > 0
    for name, values in vars(made.counterexamples).items():
        np.testing.assert_array_equal(getattr(again.counterexamples, name), values)


def branched():
    x = keras.Input((6,))
    a = keras.layers.Dense(4, activation="relu")(x)
    return keras.Model(x, keras.layers.Dense(3)(keras.layers.Add()([a, a])))


def convolution():
    layers = [keras.layers.Conv2D(2, 2), keras.layers.Flatten(), keras.layers.Dense(3)]
    return keras.Sequential([keras.Input((4, 4, 1)), *layers])


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (lambda: dense(activation="tanh"), "activation tanh in layer 'dense"),
        (lambda: dense(last="sigmoid"), "activation sigmoid in layer 'dense"),
        (lambda: dense(hidden=()), "at least one hidden layer"),
        (lambda: dense(classes=1, last=None), "a single logit"),
        (branched, r"\(Add\)"),
        (convolution, r"layer 'conv2d.*' \(Conv2D\)"),
    ],
)
def test_a_network_that_does_not_fit_is_named(model, said):
    network = model()
    with pytest.raises(SmugError, match=said):
        smug.explain(network, inputs(network, 1), method="robust")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (dict(epsilon=-1.0), "epsilon=-1.0 is outside"),
        (dict(margin=0.0), "margin=0.0"),
        (dict(time_limit=0.0), "time_limit=0.0"),
        (dict(window=0), "window=0"),
        (dict(window=2), "window=2 is for images"),
        (dict(input_range=(0.0, 0.1)), "outside its input range"),
        (dict(input_range=(0.0,)), "input_range"),
        (dict(input_range=0.5), "input_range"),
    ],
)
def test_settings_that_do_not_fit_are_named(settings, said):
    model = dense()
    with pytest.raises(SmugError, match=said):
        smug.explain(model, inputs(model, 1), method="robust", **settings)


def test_another_class_than_the_predicted_is_refused():
    model = dense()
    x = inputs(model, 1)
    worst = np.asarray(model(x)).argmin(axis=1)
    with pytest.raises(SmugError, match="no set of features is sufficient"):
        smug.explain(model, x, worst, method="robust")


def test_time_over_gives_the_whole_input_and_says_so():
    model = dense((30,), hidden=(8, 8))
    settings = dict(method="robust", epsilon=None, time_limit=1e-9)
    made = smug.explain(model, inputs(model, 1), **settings)
    assert made.mask.all()
    assert (made.solver["status"][0], made.solver["bound"][0]) == ("feasible", 0)
    assert made.counterexamples.points.shape == (0, 30)
