"""Volumes: every method, windows in three dimensions, and pictures of slices."""

import keras
import numpy as np
import pytest
from keras import layers
from matplotlib import pyplot as plt
from scipy import ndimage

import smug
from smug.drawing import explained
from smug.drawing.explained import Shown
from smug.masks.replacement import replaced_images
from smug.methods import METHODS, method_settings

SHAPE = (4, 5, 3, 2)
FEW = {"steps": 4, "points": 2, "ascent_steps": 1, "members": 1, "top_k": 8, "time_limit": 5.0}
FEW |= {"gamma": 0.5, "window": 2, "limit": 1, "epsilon": 0.5}
RNG = np.random.default_rng(0)


def network(shape=SHAPE):
    keras.utils.set_random_seed(0)
    x = keras.Input(shape)
    y = layers.Flatten()(layers.Conv3D(3, 2, activation="relu")(x))
    return keras.Model(x, layers.Dense(3, activation="softmax")(y))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.filterwarnings("ignore::smug.SmugWarning")
def test_every_method_explains_a_volume(method):
    shape = (2, 2, 3, 1) if method == "robust" else SHAPE
    x = RNG.random((2, *shape)).astype(np.float32)
    few = {key: value for key, value in FEW.items() if key in method_settings(method)}
    model = network(shape)
    # A GradCAM map may be 0 for one class, by its ReLU, and not for all.
    classes = [None] if method != "gradcam" else [0, 1, 2]
    every = [smug.explain(model, x, target, method=method, **few) for target in classes]
    made = every[0]
    assert made.position_axes == (1, 2, 3)
    assert made.saliency().shape == x.shape[:-1]
    assert any(one.values.any() for one in every)
    if made.mask is None:
        return
    assert made.mask.shape == x.shape[:-1]
    if "window" in few:
        # Every window of 2 voxels a side is kept or not as a whole.
        window = np.ravel_multi_index(tuple(np.indices(shape[:-1]) // 2), (2, 3, 2))
        for mask in made.mask:
            sizes = np.bincount(window[mask], minlength=12)
            assert set(np.flatnonzero(sizes)) == set(window[mask])
            assert (sizes[sizes > 0] == np.bincount(window.ravel(), minlength=12)[sizes > 0]).all()


@pytest.mark.parametrize("method", ["sis", "image_sis"])
@pytest.mark.filterwarnings("ignore::smug.SmugWarning")
def test_a_subset_of_voxels_alone_keeps_the_score(method):
    model, x = network(), RNG.random((1, *SHAPE)).astype(np.float32)
    few = {"limit": 1} if method == "sis" else {"window": 2}
    made = smug.explain(model, x, method=method, keep=0.9, replacement="mean", **few)
    mean = x.mean(axis=(1, 2, 3), keepdims=True)
    alone = np.asarray(model(np.where(made.mask[..., None], x, mean)))
    assert alone[0, made.target[0]] >= 0.9 * made.score[0] - 1e-6
    assert not made.mask.all()


def test_a_robust_set_of_voxels_keeps_the_class_for_every_drawn_rest():
    model, x = network((2, 2, 3, 1)), RNG.random((1, 2, 2, 3, 1)).astype(np.float32)
    made = smug.explain(model, x, method="robust", epsilon=0.3, window=1, time_limit=20.0)
    assert made.solver["status"] == ["optimal"]
    drawn = np.clip(x + RNG.uniform(-0.3, 0.3, (300, *x.shape[1:])), 0, 1)
    kept = np.asarray(model(np.where(made.mask[..., None], x, drawn).astype(np.float32)))
    assert (kept.argmax(axis=1) == made.target[0]).all()


def test_a_blurred_volume_is_blurred_along_its_three_axes():
    x = RNG.random((2, 6, 8, 10, 2))
    model = keras.Sequential([keras.Input(x.shape[1:]), layers.Conv3D(2, 2), layers.Flatten()])
    model.add(layers.Dense(2, activation="softmax"))
    blurred = np.stack(
        [
            ndimage.gaussian_filter(x[..., channel], (0, 0.5, 0.5, 0.5), mode="nearest")
            for channel in range(2)
        ],
        axis=-1,
    )
    values = x.astype(np.float32)
    by_name, by_hand = (
        smug.explain(
            model, values[:1], np.array([0]), replacement=replacement,
            gamma=0.95, top_k=20, window=2, steps=4,
        )
        for replacement in ("blur", blurred[0])
    )  # fmt: skip
    assert by_name.mask.any()
    np.testing.assert_array_equal(by_name.mask, by_hand.mask)
    np.testing.assert_allclose(
        by_name.solver["kept_score"], by_hand.solver["kept_score"], atol=1e-6
    )
    # Images stay what they were.
    image = x[:, 0]
    np.testing.assert_allclose(
        replaced_images(image, "blur")[..., 1],
        ndimage.gaussian_filter(image[..., 1], (0, 0.5, 0.5), mode="nearest"),
    )


def test_the_slices_with_most_kept_voxels_are_drawn():
    inputs = RNG.random((6, 7, 8, 2))
    mask = np.zeros(inputs.shape[:3], bool)
    mask[1, :2, :2] = mask[3, :5, :5] = mask[5, :3, :3] = mask[4, 0, 0] = True
    scores = np.where(mask, 1.0, 0.0)
    figure = explained.draw(
        [[Shown(inputs, "cat: 0.80", "smug", scores, mask)]], smooth=0, dark=False
    )
    drawn = np.reshape(figure.axes, (3, 3))
    told = [line[0].get_xlabel().splitlines() for line in drawn]
    assert told == [["cat", "0.80", f"slice {k} of 6"] for k in (2, 4, 6)]
    assert [line[1].get_xlabel().split()[0] for line in drawn] == ["7.1%", "44.6%", "16.1%"]
    assert all(axis.images[0].get_array().shape == (7, 8, 3) for axis in drawn.ravel())
    plt.close("all")


def test_a_volume_without_a_mask_is_drawn_by_its_scores(tmp_path):
    x = RNG.random((1, *SHAPE)).astype(np.float32)
    made = smug.explain(network(), x, method="gradients")
    order = np.argsort(-made.saliency()[0].sum(axis=(1, 2)))[:3]
    figure = made.plot()
    told = [axis.get_xlabel() for axis in figure.axes[::2]]
    assert [text.split("\n")[-1] for text in told] == [f"slice {k + 1} of 4" for k in sorted(order)]
    figure.savefig(tmp_path / "volume.png")
    plt.close("all")
