import json

import numpy as np
import pytest

from smug.drawing import save_figure, save_table
from smug.errors import SmugError
from smug.figures.robust import (
    CAPTION,
    VERIX,
    DrawnSet,
    RobustDigit,
    printed,
    robust_figure,
    robust_table,
)
from smug.pipeline.results import as_table

#: Image, size, bound, subset-minimal, seconds to the first such set, all seconds.
SETS = [
    ("a", 10, 10, 1, 0.5, 1.0),
    ("b", 20, 15, 1, 1.5, 3.0),
    ("c", 60, 30, 0, np.nan, 5.0),
    ("d", np.inf, 0, 0, np.nan, np.nan),
]


def rows(epsilon=0.1, sets=SETS):
    made = []
    for image, size, bound, minimal, first, seconds in sets:
        failed = size == np.inf
        about = {
            "image": image,
            "network": "n",
            "window": 1,
            "epsilon": epsilon,
            "status": "failed" if failed else "optimal" if size == bound else "feasible",
            "bound": bound,
            "gap": np.inf if failed else 1 - bound / size,
            "solve_seconds": seconds,
        }
        values = {"mask_size": size, "minimal": minimal, "first_seconds": first}
        made += [{**about, "metric": key, "value": value} for key, value in values.items()]
    return made


def test_the_table_summarises_the_sets_that_were_found():
    table = robust_table(as_table(rows() + rows(0.05, SETS[:1])))
    ours = table[table["network"].eq("n")].set_index("epsilon")
    assert ours.index.tolist() == [0.05, 0.1]
    three = ours.loc[0.1]
    assert (three["digits"], three["no_set"]) == (4, 1)
    assert (three["mean_size"], three["median_size"]) == (30.0, 20.0)
    assert (three["median_gap"], three["largest_gap"]) == (0.25, 0.5)
    assert three["proven"] == pytest.approx(1 / 3)
    assert three["minimal"] == pytest.approx(2 / 3)
    assert (three["first_seconds"], three["solve_seconds"]) == (1.0, 3.0)
    assert (ours.loc[0.05, "no_set"], ours.loc[0.05, "proven"]) == (0, 1)
    assert ours["published_mean_size"].isna().all()


def test_a_setting_without_any_set_has_a_row():
    table = robust_table(as_table(rows(sets=SETS[3:]))).iloc[0]
    assert (table["digits"], table["no_set"]) == (1, 1)
    assert np.isnan(table["mean_size"])


def test_published_sizes_stand_in_a_row_of_another_network():
    last = robust_table(as_table(rows())).iloc[-1]
    assert "another network" in last["network"]
    assert (last["window"], last["epsilon"], last["digits"]) == (1, 0.05, 60)
    assert (last["published_mean_size"], last["published_median_size"]) == (208.55, 187.5)
    assert np.isnan(last["mean_size"])


def test_published_sizes_are_those_of_the_published_sets(shared):
    path = shared / "bench" / "robust" / "published_sets.json"
    if not path.is_file():
        pytest.skip(f"no {path}")
    about = json.loads(path.read_text("utf-8"))
    sizes = [len(pixels) for pixels in about["sets"].values()]
    assert (len(sizes), about["epsilon"]) == (VERIX.digits, VERIX.epsilon)
    assert np.mean(sizes) == pytest.approx(VERIX.published_mean_size, abs=5e-3)
    assert np.median(sizes) == VERIX.published_median_size


def test_the_printed_table_has_a_dash_where_there_is_no_number(tmp_path):
    table = robust_table(as_table(rows()))
    text = printed(table)
    ours = ["30.0", "20.0", "25.0", "50.0", "33", "67", "3", "--", "--"]
    assert text.iloc[0].tolist() == ["n", 1, 0.1, 4, *ours]
    assert text.iloc[1].tolist()[1:] == [1, 0.05, 60, *["--"] * 7, "208.6", "187.5"]
    save_table(
        table, tmp_path / "t.csv", tmp_path / "t.tex", caption=CAPTION, printed=printed(table)
    )
    assert "& 25.0 & 50.0 & 33 &" in (tmp_path / "t.tex").read_text()


ONE, MANY, NOTHING = np.zeros((3, 28, 28), bool)
ONE[3, 4] = MANY[:2] = True


def digit(**changed):
    usual = {
        "image": np.full((28, 28), 200, np.uint8),
        "target": 7,
        "confidence": 0.987,
        "network_mask": ONE,
        "smug_mask": ~ONE,
        "sets": (DrawnSet(0.1, MANY, 0.125), DrawnSet(1.0, ~NOTHING, 1.0)),
        "released": ONE,
        "counterexample": np.full((28, 28), 0.4),
        "counterexample_class": 2,
    }
    return RobustDigit(**usual | changed)


def labels(one):
    return [axis.get_xlabel() for axis in robust_figure([one], 0.1).axes]


def test_the_figure_names_sizes_proofs_and_the_class_that_wins():
    texts = ["“7” 0.99", "1 px", "783 px", "56 px\ngap 12.5%", "784 px\nno bound yet"]
    assert labels(digit()) == [*texts, "“2”, not “7”\nframe moves, too"]
    titles = [axis.get_title() for axis in robust_figure([digit()], 0.1).axes[3:]]
    assert titles == ["robust set,\n±0.1", "robust set,\nany values", "counterexample,\n±0.1"]


def test_the_figure_says_why_a_counterexample_is_missing():
    assert labels(digit(released=NOTHING))[-1] == "none found in time"
    empty = labels(digit(released=NOTHING, sets=(DrawnSet(0.1, NOTHING, 0.0),)))
    assert empty[-2:] == ["0 px\nproven smallest", "nothing to move"]


def test_the_figure_frames_what_moves_and_leaves_it_to_be_seen(tmp_path):
    axis = robust_figure([digit(), digit()], 0.1).axes[5]
    assert len(axis.patches) == 2
    for frame in axis.patches:
        # The pixel lies from 3.5 to 4.5 across and from 2.5 to 3.5 down.
        assert (frame.get_xy(), frame.get_width(), frame.get_height()) == ((3, 2), 2, 2)
    assert (axis.images[0].get_array() == 102).all()
    (frame, _) = robust_figure([digit(released=MANY)], 0.1).axes[5].patches
    assert (frame.get_xy(), frame.get_width(), frame.get_height()) == ((-0.5, -0.5), 28, 2)
    for name in ("a", "b"):
        figure = robust_figure([digit(), digit()], 0.1)
        save_figure(figure, tmp_path / f"{name}.png", tmp_path / f"{name}.pdf")
    for kind in ("png", "pdf"):
        assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()


def test_a_figure_without_digits_is_an_error():
    with pytest.raises(SmugError, match="nothing to draw"):
        robust_figure([], 0.1)
