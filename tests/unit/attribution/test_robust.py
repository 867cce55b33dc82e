from itertools import combinations, product

import keras
import numpy as np
import pytest
from scipy.optimize import linprog
from sklearn.datasets import load_breast_cancer
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

import smug
from smug.attribution.robust import problems, robust
from smug.errors import SmugError
from smug.masks.robust.verify import verify
from tests.drawn import drawn
from tests.unit.masks.robust.toy import largest_free


def dense(shape=(6,), hidden=(4,), classes=3, seed=0, activation="relu", last="softmax"):
    layers = [keras.Input(shape), keras.layers.Flatten()]
    for n in hidden:
        layers.append(keras.layers.Dense(n, activation=activation))
    layers.append(keras.layers.Dense(classes, activation=last))
    return drawn(keras.Sequential(layers), seed)


def inputs(model, count, seed=0):
    x = np.random.default_rng(seed).uniform(size=(count, *model.input_shape[1:]))
    return x.astype(np.float32)


@pytest.mark.parametrize("last", ["softmax", None])
def test_smallest_sets_equal_brute_force(last):
    model = dense(last=last, seed=5)
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
    model = dense(seed=5)
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


def images(*middle, end=2):
    """A network for images of 3 x 3 pixels."""
    first, last = keras.layers.Conv2D(1, 2), keras.layers.Dense(end)
    inner = [keras.Input((3, 3, 1)), first, *middle, keras.layers.Flatten(), last]
    return drawn(keras.Sequential(inner), 2)


def least_lead_of_the_largest(model, x, target, moving, epsilon):
    """Least lead of convolution, maximum, ReLU, dense: a linear program for each maximum."""
    conv, last = model.layers[0], model.layers[-1]
    kernel, bias = np.asarray(conv.kernel)[..., 0, 0], float(np.asarray(conv.bias)[0])
    rows = []
    for r, c in np.ndindex(2, 2):
        row = np.zeros((3, 3))
        row[r : r + 2, c : c + 2] = kernel
        rows.append(row.ravel())
    rows = np.array(rows)
    low = np.where(moving, np.maximum(x - epsilon, 0), x).ravel()
    high = np.where(moving, np.minimum(x + epsilon, 1), x).ravel()
    W, b = (np.asarray(part, float) for part in last.get_weights())
    slope, constant = W[0, target] - W[0, 1 - target], b[target] - b[1 - target]
    best = np.inf
    for k in range(4):
        for on in (True, False):
            A = np.vstack([rows - rows[k], -rows[k] if on else rows[k]])
            limit = np.append(np.zeros(4), bias if on else -bias)
            cost = slope * rows[k] * on
            found = linprog(cost, A, limit, bounds=np.c_[low, high].tolist())
            if found.success:
                best = min(best, found.fun + constant + slope * bias * on)
    return best


@pytest.mark.parametrize("relu_first", [True, False])
def test_sets_of_a_network_with_max_pooling_equal_brute_force(relu_first):
    """ReLU and maximum may change places: both networks have the same smallest sets."""
    middle = [keras.layers.ReLU(), keras.layers.MaxPooling2D(2)]
    model = images(*middle[:: 1 if relu_first else -1])
    x = inputs(model, 4, seed=5)
    kernel, bias = model.layers[-1].get_weights()
    leads = np.asarray(model(x)) @ [1, -1]
    model.layers[-1].set_weights([kernel, bias - [np.median(leads), 0]])
    made = smug.explain(model, x, method="robust", epsilon=0.5, window=2)
    window = (np.arange(3) // 2)[:, None] * 2 + np.arange(3) // 2
    sizes = []
    for one, target in zip(x[..., 0].astype(float), made.target, strict=True):
        for kept in sorted(product((False, True), repeat=4), key=sum):
            moving = ~np.array(kept)[window]
            if least_lead_of_the_largest(model, one, target, moving, 0.5) >= 1e-4:
                sizes.append(sum(kept))
                break
    assert 0 < sum(sizes) < 16
    np.testing.assert_array_equal(made.solver["objective"], sizes)
    np.testing.assert_array_equal(made.solver["status"], "optimal")


@pytest.mark.parametrize("last", ["sigmoid", None])
def test_a_single_output_keeps_its_side(last):
    model = dense(classes=1, last=last, hidden=(4,), seed=4)
    x = inputs(model, 12, seed=2)
    kernel, bias = model.layers[-1].get_weights()
    middle = 0.0 if last is None else 0.5
    # Half of the inputs on each side.
    shift = np.median(np.asarray(keras.Sequential(model.layers[:-1])(x)) @ kernel + bias)
    model.layers[-1].set_weights([kernel, bias - shift])
    made = smug.explain(model, x, method="robust", epsilon=0.3)
    sides = np.asarray(model(x))[:, 0] > middle
    np.testing.assert_array_equal(made.solver["class"], sides)
    assert 0 < sides.mean() < 1
    assert (made.solver["status"] == "optimal").all()
    # The same network with a second logit that is always 0.
    two = dense(classes=2, last="softmax", hidden=(4,))
    both = np.c_[0 * kernel, kernel], np.r_[0, bias - shift]
    two.set_weights([*model.get_weights()[:-2], *both])
    again, details = robust(two, x, sides.astype(int), epsilon=0.3, return_details=True)
    np.testing.assert_array_equal(again[2]["objective"], made.solver["objective"])
    for i in range(0, 12, 4):
        assert made.solver["objective"][i] == 6 - largest_free(details[i][0])
    found = made.counterexamples
    np.testing.assert_array_equal(found.becomes, 1 - sides[found.explained])
    changed = np.asarray(model(found.points))[:, 0] - middle
    assert (np.where(sides[found.explained], changed, -changed) < 1e-4).all()


def test_a_single_output_of_zero_has_no_side():
    model = dense(classes=1, last="sigmoid")
    model.layers[-1].set_weights([np.zeros((4, 1)), np.zeros(1)])
    with pytest.raises(SmugError, match=r"leads by 0 logits at x itself, less than margin=0\.0001"):
        smug.explain(model, inputs(model, 1), method="robust")


def test_features_of_a_table_are_proven_smallest():
    """Breast cancer, standardised: no smaller set passes another oracle."""
    table = load_breast_cancer()
    rows = StandardScaler().fit_transform(table.data)
    fitted = MLPClassifier((5,), alpha=1.0, max_iter=200, random_state=0, tol=1e-3)
    fitted.fit(rows, table.target)
    model = dense((30,), hidden=(5,), classes=1, last="sigmoid")
    pairs = zip(fitted.coefs_, fitted.intercepts_, strict=True)
    model.set_weights([array for pair in pairs for array in pair])
    reach = (float(rows.min()), float(rows.max()))
    x = rows[[0, 19, 40]].astype(np.float32)
    settings = dict(method="robust", epsilon=1.0, input_range=reach)
    made = smug.explain(model, x, **settings)
    assert (made.solver["status"] == "optimal").all()
    proven = problems(model, x, made.target, epsilon=1.0, input_range=reach, window=1, margin=1e-4)
    small = 0
    for problem, mask in zip(proven, made.mask, strict=True):
        assert verify(problem, mask) is True
        if 0 < mask.sum() <= 2:
            small += 1
            for kept in combinations(range(30), int(mask.sum()) - 1):
                assert verify(problem, np.isin(np.arange(30), kept)) is False
    assert small


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (lambda: dense(activation="tanh"), "activation tanh in layer 'dense"),
        (lambda: dense(last="sigmoid"), "activation sigmoid in layer 'dense"),
        (lambda: dense(hidden=()), "at least one hidden layer"),
        (lambda: dense(classes=1, last="tanh"), "activation tanh in layer 'dense"),
        (lambda: dense(activation="elu"), "activation elu in layer 'dense"),
        (lambda: images(keras.layers.LeakyReLU()), r"\(LeakyReLU\)"),
        (branched, r"\(Add\)"),
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


@pytest.mark.parametrize("last", ["sigmoid", None])
@pytest.mark.filterwarnings("ignore::smug.SmugWarning")
def test_the_other_side_of_a_single_output_is_refused(last):
    model = dense(classes=1, last=last, seed=4)
    x = inputs(model, 1)
    kernel, bias = model.layers[-1].get_weights()
    for side in (0, 1):
        model.layers[-1].set_weights([kernel, bias * 0 + (5 if side else -5)])
        made = smug.explain(model, x, side, method="robust")
        assert made.target.tolist() == made.solver["class"].tolist() == [side]
        with pytest.raises(SmugError, match=f"class {1 - side} leads by -.*the predicted class"):
            smug.explain(model, x, 1 - side, method="robust")


def test_time_over_gives_the_whole_input_and_says_so():
    model = dense((30,), hidden=(8, 8))
    settings = dict(method="robust", epsilon=None, time_limit=1e-9)
    made = smug.explain(model, inputs(model, 1), **settings)
    assert made.mask.all()
    assert (made.solver["status"][0], made.solver["bound"][0]) == ("feasible", 0)
    assert made.counterexamples.points.shape == (0, 30)
