import keras
import numpy as np
import pytest
from keras import layers

from smug.attribution.smug import smug
from smug.errors import SmugError
from smug.masks.linear import LinearMap
from smug.masks.problem import Status
from smug.masks.saliency import (
    base_mask,
    seen_positions,
    smallest_box,
    smug_saliency,
    sparsity,
)
from smug.models.first_layer import find_first_layer
from smug.models.rewire import outputs_of

LAYER = LinearMap(
    name="conv",
    kind="conv2d",
    kernel=np.ones((3, 2, 1, 4)),
    bias=np.zeros(4),
    spatial=(6, 5),
    output_shape=(3, 4, 4),
    strides=(2, 1),
    dilation=(1, 1),
    pads=(1, 0),
)


def plain_scores(attribution, nodes, scoring):
    scores, seen = np.zeros((6, 5)), np.zeros((6, 5), bool)
    for row in range(6):
        for column in range(5):
            values = []
            for node in nodes:
                r, c, f = node // 16, node // 4 % 4, node % 4
                if 2 * r - 1 <= row <= 2 * r + 1 and c <= column <= c + 1:
                    values.append(attribution[r, c, f])
            seen[row, column] = bool(values)
            if values:
                scores[row, column] = sum(values) if scoring == "sum" else max(values)
    return scores, seen


@pytest.mark.parametrize("scoring", ["sum", "max"])
def test_scores_equal_a_plain_loop(scoring):
    rng = np.random.default_rng(0)
    attribution = rng.normal(size=(3, 4, 4))
    nodes, mask = rng.permutation(48)[:7], rng.random((6, 5)) < 0.5
    expected, seen = plain_scores(attribution, nodes, scoring)
    actual = smug_saliency(LAYER, attribution, nodes, scoring=scoring)
    np.testing.assert_allclose(actual, expected)
    np.testing.assert_array_equal(seen_positions(LAYER, nodes), seen)
    masked = smug_saliency(LAYER, attribution, nodes, mask, scoring=scoring)
    np.testing.assert_allclose(masked, np.where(mask, expected, 0))


def test_sparsity():
    masks = np.array([[True, True, False, False, False]])
    assert sparsity(masks) == pytest.approx(0.4)
    assert sparsity(masks, np.array([[False, True, True, True, True]])) == pytest.approx(0.25)
    assert sparsity(masks, np.zeros_like(masks)) == 0


def test_the_base_mask_keeps_every_window_that_a_node_sees():
    nodes, padding = np.array([0]), np.zeros(LAYER.spatial, bool)
    padding[:, 0] = True
    seen = seen_positions(LAYER, nodes) & ~padding
    kept = base_mask(LAYER, nodes, 2, padding)
    for row, column in np.ndindex(LAYER.spatial):
        window = np.s_[row // 2 * 2 :, column // 2 * 2 :]
        expected = seen[window][:2, :2].any() and not padding[row, column]
        assert kept[row, column] == expected


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scoring": "mean"}, "unknown scoring 'mean'"),
        ({"attribution": np.zeros((4, 3, 4))}, r"attribution has shape \(4, 3, 4\)"),
        ({"mask": np.ones((3, 3), bool)}, r"mask has shape \(3, 3\)"),
        ({"mask": np.ones((6, 5))}, "type float64"),
    ],
)
def test_bad_settings_name_the_culprit(changes, message):
    settings = {"attribution": np.zeros((3, 4, 4)), "nodes": np.array([0])} | changes
    with pytest.raises(SmugError, match=message):
        smug_saliency(LAYER, **settings)


def explain_smug(model, x, target=None, **settings):
    """One input explained with every step on the way, the predicted class by default."""
    batch = x[np.newaxis]
    target = outputs_of(model, batch).argmax(axis=1) if target is None else np.array([target])
    _, (found,) = smug(model, batch, target, return_details=True, **settings)
    return found


def image_model():
    keras.utils.set_random_seed(3)
    return keras.Sequential(
        [
            keras.Input((12, 10, 3)),
            layers.Rescaling(2.0, -1.0),
            layers.Conv2D(6, 3, strides=2, padding="same", activation="relu"),
            layers.Flatten(),
            layers.Dense(4, activation="softmax"),
        ]
    )


def image():
    return np.random.default_rng(4).uniform(0, 1, (12, 10, 3)).astype(np.float32)


SETTINGS = {"top_k": 25, "gamma": 0.3, "window": 2, "steps": 20}


def test_image_mask_keeps_the_demanded_share_of_every_response():
    model, x = image_model(), image()
    found = explain_smug(model, x, **SETTINGS)
    assert found.minimal.solution.status is Status.OPTIMAL
    assert found.mask.shape == found.saliency.shape == (12, 10)
    conv = model.layers[1]
    conv.activation = keras.activations.linear
    scaled = 2 * x - 1
    full = conv(scaled[None]).numpy().ravel()[found.minimal.encoded.nodes]
    kept = conv((scaled * found.mask[..., None])[None]).numpy().ravel()[found.minimal.encoded.nodes]
    assert (full > 0).all()
    assert (kept / full > 0.3).all()
    np.testing.assert_array_equal(found.saliency > 0, found.mask & (found.base_saliency > 0))
    assert found.base_mask[found.mask].all()
    np.testing.assert_allclose(found.saliency, np.where(found.mask, found.base_saliency, 0))
    assert found.sparsity == pytest.approx(found.mask.mean())
    assert found.sparsity < found.base_sparsity == pytest.approx(found.base_mask.mean())
    best = np.sort(found.minimal.chosen.values.ravel())[::-1][:25]
    np.testing.assert_array_equal(
        found.minimal.chosen.values.ravel()[found.minimal.chosen.nodes], best[best > 0]
    )
    assert set(found.seconds) == {"attribute", "encode", "solve", "confirm", "score"}


def test_found_layer_and_given_layer_agree():
    model, x = image_model(), image()
    found = explain_smug(model, x, 1, **SETTINGS)
    given = explain_smug(model, x, 1, layer=find_first_layer(model), **SETTINGS)
    np.testing.assert_array_equal(found.saliency, given.saliency)


def text_model():
    keras.utils.set_random_seed(5)
    return keras.Sequential(
        [
            keras.Input((9,), dtype="int32"),
            layers.Embedding(12, 6, embeddings_initializer="random_normal"),
            layers.Conv1D(16, 3, activation="relu", bias_initializer="random_normal"),
            layers.GlobalMaxPooling1D(),
            layers.Dense(1, activation="sigmoid", kernel_initializer="ones"),
        ]
    )


def test_padding_words_are_never_masked_scored_or_counted():
    model, x = text_model(), np.array([0, 0, 0, 4, 2, 9, 11, 5, 3])
    found = explain_smug(model, x, top_k=30, gamma=0.5, window=1, steps=20)
    padding = x == 0
    assert not (found.mask | found.base_mask)[padding].any()
    assert not found.saliency[padding].any()
    assert not found.base_saliency[padding].any()
    assert found.minimal.encoded.problem.groups.min() >= 3
    assert found.sparsity == pytest.approx(found.mask.sum() / 6)
    # Masking words but not padding keeps the demanded share of every response.
    conv = model.layers[1]
    conv.activation = keras.activations.linear
    embeddings = model.layers[0](x[None]).numpy()
    kept = embeddings * (found.mask | padding)[None, :, None]
    nodes = found.minimal.encoded.nodes
    share = conv(kept).numpy().ravel()[nodes] / conv(embeddings).numpy().ravel()[nodes]
    assert (share > 0.5).all()


def test_padding_can_be_treated_as_words():
    model, x = text_model(), np.array([0, 0, 0, 4, 2, 9, 11, 5, 3])
    settings = {"top_k": 112, "gamma": 0.5, "window": 1, "steps": 20}
    found = explain_smug(model, x, pad_id=None, **settings)
    assert found.minimal.encoded.problem.groups.min() < 3
    with pytest.raises(SmugError, match=r"nothing but padding \(id 0\)"):
        explain_smug(model, np.zeros(9, int), **settings)


def test_dense_layer_on_an_image():
    keras.utils.set_random_seed(6)
    model = keras.Sequential(
        [
            keras.Input((6, 6)),
            layers.Flatten(),
            layers.Dense(8, activation="relu"),
            layers.Dense(3, activation="softmax"),
        ]
    )
    x = np.random.default_rng(6).uniform(0, 1, (6, 6)).astype(np.float32)
    found = explain_smug(model, x, top_k=8, gamma=0.5, window=2, steps=20)
    assert found.base_mask.all()
    scores = found.minimal.chosen.values[found.minimal.chosen.nodes].sum()
    np.testing.assert_allclose(found.saliency, np.where(found.mask, scores, 0), rtol=1e-5)
    full = x.ravel() @ model.layers[1].kernel.numpy()
    kept = (x * found.mask).ravel() @ model.layers[1].kernel.numpy()
    assert (kept[found.minimal.encoded.nodes] > 0.5 * full[found.minimal.encoded.nodes]).all()


def test_without_a_mask_there_is_no_map(monkeypatch):
    def out_of_time(problem, **settings):
        from smug.masks.problem import MaskSolution

        nothing = np.zeros(problem.A.shape[1], bool)
        return MaskSolution(nothing, Status.TIMEOUT, np.inf, 1.0, 0.0, settings["solver"])

    monkeypatch.setattr("smug.masks.minimal.solve", out_of_time)
    found = explain_smug(image_model(), image(), **SETTINGS)
    assert found.minimal.solution.status is Status.TIMEOUT
    assert not found.minimal.found
    assert not found.mask.any()
    assert not found.saliency.any()
    assert np.isnan(found.sparsity)
    assert found.base_saliency.any()


def test_top_k_larger_than_the_layer():
    with pytest.raises(SmugError, match=r"top_k=1000 is outside \[1, 180\]"):
        explain_smug(image_model(), image(), **SETTINGS | {"top_k": 1000})


@pytest.mark.parametrize("shape", [(7, 9), (1, 6), (12, 3)])
@pytest.mark.parametrize("share", [0.3, 0.5, 1.0])
def test_the_smallest_box_is_smallest(shape, share):
    scores = np.random.default_rng(sum(shape)).random(shape) ** 6
    x1, y1, x2, y2 = smallest_box(scores, share, cells=40)
    assert scores[y1:y2, x1:x2].sum() >= share * scores.sum() * (1 - 1e-9)
    areas = [
        (b - a) * (d - c)
        for a in range(shape[0])
        for b in range(a + 1, shape[0] + 1)
        for c in range(shape[1])
        for d in range(c + 1, shape[1] + 1)
        if scores[a:b, c:d].sum() >= share * scores.sum() * (1 - 1e-9)
    ]
    assert (y2 - y1) * (x2 - x1) == min(areas)


def test_lines_of_a_coarse_grid_bound_the_box():
    scores = np.zeros((100, 100))
    scores[42:48, 71:79] = 1.0
    assert smallest_box(scores, 1.0, cells=10) == (70, 40, 80, 50)
