import subprocess
import sys

import numpy as np
import pytest
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.colors import to_hex

from smug.drawing import explained, save_figure, use_style
from smug.drawing.explained import Shown

RNG = np.random.default_rng(0)
PICTURE = RNG.random((20, 30, 3))


def test_removed_pixels_are_grey_and_kept_ones_as_they_are():
    mask = RNG.random((20, 30)) < 0.5
    shown = explained.kept_pixels(PICTURE, mask)
    np.testing.assert_array_equal(shown[mask], PICTURE[mask])
    assert np.ptp(shown[~mask], axis=-1).max() == 0
    assert shown[~mask].min() >= 0.7


def test_scores_are_smoothed_in_the_picture_only():
    scores = np.zeros((21, 21))
    scores[10, 10] = -4.0
    spread = explained.smoothed(scores, 2.0)
    assert spread.sum() == pytest.approx(4.0, rel=1e-3)
    assert np.unravel_index(spread.argmax(), spread.shape) == (10, 10)
    # Twice the standard deviation away a Gaussian has fallen to exp(-2).
    assert spread[10, 14] / spread[10, 10] == pytest.approx(np.exp(-2), rel=1e-6)
    np.testing.assert_array_equal(explained.smoothed(scores, 0), np.abs(scores))


def test_without_heat_the_picture_alone_is_seen():
    heat = np.zeros((20, 30))
    heat[5, 5] = 2.0
    shown = explained.heat_on(PICTURE, heat)
    cold = np.ones((20, 30), bool)
    cold[5, 5] = False
    assert np.ptp(shown[cold], axis=-1).max() == pytest.approx(0)
    assert np.ptp(shown[5, 5]) > 0.5
    assert np.isfinite(explained.heat_on(PICTURE, np.zeros((20, 30)))).all()


def test_a_flat_image_is_drawn():
    assert np.isfinite(explained.as_picture(np.full((4, 5), 7.0))).all()


@pytest.mark.parametrize(
    ("mask", "runs"),
    [
        ([0, 0, 0], []),
        ([1, 1, 1], [(0, 3)]),
        ([1, 0, 1, 1, 0], [(0, 1), (2, 4)]),
        ([0, 1], [(1, 2)]),
    ],
)
def test_runs_of_kept_steps(mask, runs):
    assert explained.spans(np.array(mask, bool)) == runs


@pytest.mark.parametrize("ending", ["png", "pdf", "svg"])
def test_a_grid_of_methods_fits_every_format_on_a_dark_page(tmp_path, ending):
    scores = RNG.random((20, 30))
    row = [Shown(PICTURE, "cat: 0.8", "gradcam", scores, scores > 0.5) for _ in range(4)]
    try:
        figure = explained.draw([row, row], smooth=None, dark=True)
        assert figure.get_facecolor()[0] < 0.2
        # An input and two panels a method, five of them on a line.
        drawn = [axis for axis in figure.axes if axis.images]
        assert len(drawn) == 18
        assert len(figure.axes) == 20
        save_figure(figure, tmp_path / f"x.{ending}")
    finally:
        use_style()
    assert (tmp_path / f"x.{ending}").stat().st_size > 1000
    assert plt.rcParams["figure.facecolor"] == "white"


def test_kept_pixels_have_an_outline_unless_they_are_speckle():
    mask = np.zeros((40, 50), bool)
    mask[3:6, 10:14] = mask[:2, 20:22] = True
    axis = plt.figure().add_subplot()
    explained.outline(axis, mask)
    (lines,) = axis.collections
    ends = {tuple(np.ravel(line)) for line in lines.get_segments()}
    # Twice 3 rows and 4 columns; at the image's edge there is no line.
    assert len(ends) == 2 * (3 + 4) + 2 * 2 + 2
    assert {(9.5, 2.5, 9.5, 3.5), (9.5, 2.5, 10.5, 2.5), (13.5, 4.5, 13.5, 5.5)} <= ends
    explained.outline(axis, RNG.random((40, 50)) < 0.3)
    assert len(axis.collections) == 1
    plt.close("all")


def test_channels_of_a_series_are_named_and_left_out_features_are_pale():
    series = Shown(RNG.random((9, 2)), "a: 0.5", "smug", RNG.random(9), np.arange(9) < 3)
    (above, _) = explained.draw([[series]], smooth=None, dark=False).axes
    names = [text.get_text() for text in above.get_legend().get_texts()]
    assert names == ["channel 0", "channel 1"]
    one = Shown(RNG.random((9, 1)), "a: 0.5", "smug", RNG.random(9))
    assert explained.draw([[one]], smooth=None, dark=False).axes[0].get_legend() is None
    scores, kept = np.array([0.0, 3.0, 1.0]), np.array([False, True, True])
    table = Shown(RNG.random(3), "a: 0.5", "integrated_gradients", scores, kept)
    (axis,) = explained.draw([[table]], smooth=None, dark=True).axes
    use_style()
    assert [label.get_alpha() for label in axis.get_yticklabels()] == [1.0, 1.0, 0.35]
    assert axis.get_title() == "a: 0.5 (integrated gradients)"
    plt.close("all")


@pytest.mark.parametrize("before", [False, True])
def test_figures_look_as_seaborn_draws_them(before):
    with plt.rc_context():
        sns.set_theme(context="paper", style="whitegrid", palette="colorblind", font_scale=0.9)
        wanted = dict(plt.rcParams)
    with plt.rc_context():
        use_style(dark=before)
        use_style()
        made = dict(plt.rcParams)
    assert made["image.cmap"] == "viridis"
    ours = ("image.cmap", "figure.dpi", "savefig.dpi", "pdf.fonttype")
    for name, value in wanted.items():
        if name == "axes.prop_cycle":
            colours = [to_hex(colour) for colour in value.by_key()["color"]]
            assert [to_hex(c) for c in made[name].by_key()["color"]] == colours
        elif isinstance(value, float):
            assert made[name] == pytest.approx(value, rel=1e-5) or name in ours
        elif name not in ours:
            assert made[name] == value, name


def test_pictures_of_the_command_import_no_frames_and_no_seaborn():
    asked = "import sys, smug.drawing.explained; print(*sys.modules)"
    said = subprocess.run(
        [sys.executable, "-c", asked], check=True, capture_output=True, text=True
    ).stdout
    assert not {"seaborn", "pandas", "scipy.stats", "sklearn"} & set(said.split())


@pytest.mark.parametrize(
    ("name", "drawn"),
    [
        ("US$ and CA$", "US$ and CA$: 0.50"),
        ("$x_{$", "$x_{$: 0.50"),
        ("\ud800", "?: 0.50"),
        ("a\x1b[1m\nb", "a?[1m?b: 0.50"),
        ("кот", "кот: 0.50"),
    ],
)
def test_a_class_name_is_drawn_as_it_is_and_no_mathematics(tmp_path, name, drawn):
    figure, axis = plt.subplots()
    text = axis.set_title(explained.title(name, 0.5))
    # What the SVG says is what was drawn.
    with plt.rc_context({"svg.fonttype": "none"}):
        figure.savefig(tmp_path / "x.svg")
    plt.close(figure)
    assert f">{drawn}</text>" in (tmp_path / "x.svg").read_text("utf-8")
    assert text.get_text() == explained.title(name, 0.5)
