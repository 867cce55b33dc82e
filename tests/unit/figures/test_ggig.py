"""Figure of GGIG and the table of curves."""

import keras
import numpy as np
import pytest

from smug.datasets.mnist import Digits
from smug.drawing import save_figure
from smug.figures.attribution_curves import (
    CURVES,
    NO_IMAGES,
    UNDEFINED,
    attribution_curves,
    printed,
)
from smug.figures.ggig import ComparedMaps, ggig_figure
from smug.metrics.statistics import SHARE, mean
from smug.models.networks import mnist_cnn
from smug.models.training import digit_metrics
from smug.pipeline.results import as_table


def test_each_row_shows_its_network_and_each_column_its_method(tmp_path):
    maps = np.random.default_rng(0).random((2, 28, 28))
    rows = [
        ComparedMaps("mnist_mlp", np.zeros((28, 28), np.uint8), "7", {"ggig": maps[0]}),
        ComparedMaps("lite0", np.zeros((8, 8, 3), np.uint8), "cat", {"ggig": None}),
    ]
    figure = ggig_figure(rows, ["ggig", "gradients"])
    axes = np.reshape(figure.axes, (2, 3))
    assert [axis.get_title() for axis in axes[0]] == ["input", "GGIG", "gradients"]
    assert [axis.get_ylabel() for axis in axes[:, 0]] == ["mnist_mlp", "lite0"]
    assert [bool(axis.images) for axis in axes.flat] == [True, True, False, True, False, False]
    assert axes[1, 1].get_xlabel() == "no map"
    save_figure(figure, tmp_path / "g.png", tmp_path / "g.pdf")


#: Interval of the areas 0.2 and 0.4.
SPREAD = "[{0.low:.2f}, {0.high:.2f}]".format(mean(np.array([0.2, 0.4]), SHARE))


def curve_rows(values):
    return as_table(
        [
            {"dataset": dataset, "image": f"i{i}", "method": method, "metric": metric, "value": v}
            for (dataset, method), numbers in values.items()
            for metric in (*CURVES, "lsc")
            for i, v in enumerate(numbers)
        ]
    )


def test_the_curves_are_averaged_per_dataset_and_method():
    table = attribution_curves(
        curve_rows(
            {
                ("mnist", "smug"): [0.2, 0.4, np.nan],
                ("mnist", "ggig"): [0.5],
                ("imagenet", "ggig"): [np.nan, np.nan],
            }
        )
    )
    assert table["dataset"].tolist() == ["mnist", "mnist", "imagenet"]
    assert table["method"].tolist() == ["SMUG", "GGIG", "GGIG"]
    counts = ["n", "n_information", "missing"]
    assert table[counts].to_numpy().tolist() == [[2, 2, 1], [1, 1, 0], [0, 0, 2]]
    expected = mean(np.array([0.2, 0.4]), SHARE)
    assert 0 < expected.low < 0.2 < 0.4 < expected.high < 1
    for curve in CURVES:
        assert table.loc[0, curve] == pytest.approx(0.3)
        assert tuple(table.loc[0, [f"{curve}_low", f"{curve}_high"]]) == expected[1:3]
    text = printed(table)
    assert text["deletion ↓"].tolist() == [f"0.30 {SPREAD}", "0.50", "--"]
    assert "insertion ↑" in text


def test_inputs_without_information_curves_are_no_failures():
    rows = curve_rows({("mnist", "smug"): [0.2, 0.4]})
    rows.loc[rows["metric"].str.endswith("information") & rows["image"].eq("i0"), "value"] = np.nan
    (row,) = attribution_curves(rows).to_dict("records")
    assert (row["n"], row["n_information"], row["missing"]) == (2, 1, 0)
    assert (row["insertion"], row["softmax_information"]) == (pytest.approx(0.3), 0.4)


def test_curves_that_no_input_has_are_said_to_be_undefined():
    rows = curve_rows({("mnist", "smug"): [0.2, 0.4], ("imagenet", "smug"): [0.3]})
    blurred = rows["metric"].str.endswith("information") & rows["dataset"].eq("mnist")
    rows.loc[blurred, "value"] = np.nan
    table = attribution_curves(rows)
    assert table["note"].tolist() == [UNDEFINED, ""]
    assert printed(table)["softmax inf. ↑"].tolist() == ["not defined", "0.30"]
    assert printed(table)["insertion ↑"].tolist() == [f"0.30 {SPREAD}", "0.30"]


def test_tables_and_series_have_no_information_curves():
    rows = curve_rows({("cells", "smug"): [0.2, 0.4]})
    (row,) = attribution_curves(rows[~rows["metric"].str.endswith("information")]).to_dict(
        "records"
    )
    assert (row["n"], row["n_information"], row["missing"], row["note"]) == (2, 0, 0, NO_IMAGES)


def test_metrics_of_training_are_those_of_the_outputs():
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (9, 28, 28), np.uint8), rng.integers(0, 10, 9)
    digits = Digits(images[:6], labels[:6], images[6:], labels[6:], np.arange(3))
    model = mnist_cnn.build((2, 2))
    model.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    metrics = digit_metrics(model, digits)
    outputs = np.asarray(model(mnist_cnn.scale(images)))
    losses = -np.log(outputs[np.arange(9), labels])
    right = outputs.argmax(axis=1) == labels
    assert metrics["train_loss"] == pytest.approx(losses[:6].mean(), rel=1e-4)
    assert metrics["test_loss"] == pytest.approx(losses[6:].mean(), rel=1e-4)
    assert metrics["train_accuracy"] == pytest.approx(right[:6].mean())
    assert metrics["test_inputs"] == 3
