import base64
import io
import json
from dataclasses import replace

import numpy as np
from PIL import Image

from smug.figures.gallery.inputs import (
    DROPPED,
    failures,
    map_picture,
    mask_picture,
    picture,
    plain_image,
)
from smug.pipeline.shards import SaliencyShard

from .toy import explained, record


def decoded(address):
    kind, _, content = address.partition(",")
    assert kind == "data:image/png;base64"
    return Image.open(io.BytesIO(base64.b64decode(content)))


def test_pictures_show_pixels_maps_and_masks():
    colour = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    np.testing.assert_array_equal(np.asarray(decoded(picture(colour))), colour)
    np.testing.assert_array_equal(
        np.asarray(decoded(picture(colour[..., 0]))), 255 - colour[..., 0]
    )
    mask = colour[..., 0] > 128
    cover = np.asarray(decoded(mask_picture(mask)).convert("RGBA"))
    np.testing.assert_array_equal(cover[..., 3] == 0, mask)
    assert (cover[~mask][:, :3] == DROPPED).all()
    shown = decoded(map_picture(np.array([[0.0, 1.0], [2.0, 4.0]])))
    # Cut off at the 99th percentile of 1, 2, 4, which is 3.96.
    assert np.asarray(shown).tolist() == [[0, 64], [129, 255]]
    assert shown.convert("RGB").getpixel((0, 0)) == (68, 1, 84)
    assert np.asarray(decoded(map_picture(np.zeros((3, 3))))).max() == 0


def test_maps_and_masks_of_features_are_columns_of_their_picture():
    shown = replace(
        explained(1),
        pixels=np.zeros((3, 8, 3), np.uint8),
        maps={"smug": np.array([0.0, 0.0, 4.0, 0.0])},
        masks={"smug": np.array([True, False, False, False])},
    )
    smug = plain_image(shown, {})["methods"]["smug"]
    scores = np.asarray(decoded(smug["map"]))
    assert scores.shape == (3, 8)
    assert (scores[:, 4:6] == 255).all()
    assert not scores[:, [0, 1, 2, 3, 6, 7]].any()
    cover = np.asarray(decoded(smug["mask"]).convert("RGBA"))
    assert (cover[..., 3] == 0).tolist() == [[True] * 2 + [False] * 6] * 3


def test_what_was_not_measured_is_missing_and_never_nan():
    plain = plain_image(explained(1), {"gradcam": "too big"})
    assert plain["box"] is None
    assert plain["methods"]["opt_box"]["scores"]["lsc"] is None
    assert plain["methods"]["opt_box"]["map"] is None
    assert plain["methods"]["opt_box"]["box"] == [1, 2, 5, 6]
    assert plain["methods"]["gradcam"]["map"] is None
    assert plain["methods"]["gradcam"]["failed"] == "too big"
    assert plain["methods"]["smug"]["failed"] is None
    assert "ground_truth" not in plain["methods"]
    json.dumps(plain, allow_nan=False)


def test_a_failure_is_told_by_image_and_method(tmp_path):
    ids, zero = np.array(["a", "b"]), np.zeros(2)
    maps = np.zeros((2, 3, 3), np.float32)
    messages = np.array(["", "no convolution"])
    shard = SaliencyShard(ids, zero.astype(int), maps, maps > 0, zero, messages)
    shard.save(tmp_path / "0.npz")
    settings = record(tmp_path, "explain", 0, explainer={"name": "gradcam"})
    found = failures([], [tmp_path / "0.npz"], [settings])
    assert found == {"b": {"gradcam": "no convolution"}}
