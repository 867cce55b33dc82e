import numpy as np
import pandas as pd

from smug.figures.table_one import PAPER, table_one


def rows():
    """Two networks; IG has no sparsity, the second network's GroundTruth has two images."""
    names = ["network", "method", "images", "lsc", "win", "sparsity"]
    found = pd.DataFrame(
        [
            ["lite0", "SMUG", 9, -1.0, 40.0, 25.0],
            ["lite0", "IG", 9, -0.1, 5.0, np.nan],
            ["squeeze", "SMUG", 9, -0.8, 30.0, 18.0],
            ["squeeze", "IG", 2, -0.3, 0.0, np.nan],
        ],
        columns=names,
    )
    for name in names[3:]:
        found[f"{name}_low"], found[f"{name}_high"] = found[name] - 0.25, found[name] + 0.5
    found["paper_lsc"] = [-1.26, -0.29, -1.26, -0.29]
    found["paper_win"] = [40.9, 1.7, 40.9, 1.7]
    found["paper_sparsity"] = [17.7, np.nan, 17.7, np.nan]
    return found


def test_every_value_of_the_table_is_a_point_with_its_interval():
    figure = table_one(rows())
    lsc, win, kept = figure.axes
    paper = next(line for line in lsc.lines if line.get_label() == PAPER)
    np.testing.assert_array_equal(paper.get_xdata(), [-1.26, -0.29])
    first, second = lsc.containers
    assert first.get_label() == "lite0 (n = 9)"
    np.testing.assert_array_equal(first[0].get_xdata(), [-1.0, -0.1])
    spans = [segment[:, 0].tolist() for segment in first[2][0].get_segments()]
    np.testing.assert_allclose(spans, [[-1.25, -0.5], [-0.35, 0.4]])
    # Two images have no interval.
    spans = [segment[:, 0].tolist() for segment in second[2][0].get_segments()]
    np.testing.assert_allclose(spans, [[-1.05, -0.3], [-0.3, -0.3]])
    assert len(win.containers[0][0].get_xdata()) == 2
    np.testing.assert_array_equal(kept.containers[0][0].get_xdata(), [25.0])


def test_points_of_a_method_lie_in_its_row_and_apart():
    figure = table_one(rows())
    axis = figure.axes[0]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["SMUG", "IG"]
    paper = next(line for line in axis.lines if line.get_label() == PAPER)
    places = [paper.get_ydata(), *(one[0].get_ydata() for one in axis.containers)]
    for row in (0, 1):
        at = [float(place[row]) for place in places]
        assert all(row - 0.5 < one < row + 0.5 for one in at)
        assert at == sorted(set(at))
