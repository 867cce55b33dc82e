"""Pictures and measures by replacement, from results made by hand."""

import numpy as np
import pytest

from smug.drawing import save_figure
from smug.figures.replacements import ReplacedInput, replacements
from smug.io import save_json
from smug.pipeline.results import as_table, save_results
from smug.pipeline.shards import SolvedShard
from smug.stages import replacements as stage
from tests.unit.pipeline.test_solve_masks import METHOD, SOLVER, shard  # noqa: F401

OWN = {"top_k": 10, "gamma": 0.5, "window": 2, "ranking": "gradients", "scoring": "sum"}
VALUES = {"zero": [0.2, 0.4, 0.9], "mean": [0.1, 0.3, 0.2]}


def rows(dataset, metrics):
    return [
        {"dataset": dataset, **OWN, "replacement": name, "image": str(i)}
        | {"metric": metric, "value": value}
        for name, values in VALUES.items()
        for i, value in enumerate(values)
        for metric in metrics
    ]


def pictures(count):
    rng = np.random.default_rng(0)
    return [
        ReplacedInput(
            rng.random((6, 6, 3)),
            {name: rng.random((6, 6, 3)) for name in VALUES},
            {"zero": 0.25, "mean": 0.125},
        )
        for _ in range(count)
    ]


def test_each_dataset_shows_its_inputs_and_the_measures_that_it_has(tmp_path):
    other = [{**row, "window": 4, "value": 7.0} for row in rows("digits", ["sparsity"])]
    scores = as_table(
        [
            *rows("digits", ["sparsity", "overlap"]),
            *other,
            *rows("photographs", ["sparsity", "overlap", "lsc"]),
        ]
    )
    inputs = {"digits": pictures(2), "photographs": pictures(1)}
    figure = replacements(scores, {name: OWN for name in inputs}, inputs)
    shown = [axis for axis in figure.axes if axis.images]
    assert [axis.get_ylabel() for axis in shown[:6:2]] == ["input", "zero", "mean"]
    assert shown[4].get_xlabel() == "12.5% kept"
    np.testing.assert_array_equal(shown[3].images[0].get_array(), inputs["digits"][1].kept["zero"])
    measured = [axis for axis in figure.axes if not axis.images]
    assert [axis.get_ylabel() for axis in measured] == [
        *("share kept", "overlap with zero"),
        *("share kept", "overlap with zero", "LSC"),
    ]
    # A dot an input, the medians above them; other settings of the sweep are left out.
    dots = np.concatenate([np.asarray(c.get_offsets()) for c in measured[0].collections])
    assert sorted(dots[:, 1]) == sorted(VALUES["zero"] + VALUES["mean"])
    assert measured[0].lines[0].get_ydata().tolist() == [0.4, 0.2]
    save_figure(figure, tmp_path / "r.png")


def test_the_pictures_are_what_the_network_sees(shard, tmp_path, monkeypatch):  # noqa: F811
    shard.save(tmp_path / "shard.npz")
    solved = {}
    files = {"masks": [], "settings": []}
    # Masks of another network for the same images.
    others = SolvedShard(**{**vars(stage_masks(shard, METHOD)), "masks": np.ones((1, 1, 1), bool)})
    others.save(tmp_path / "other.npz")
    other = {"config": {"method": {**vars(METHOD), "replacement": "mean"}}, "files": {"other": ""}}
    save_json(tmp_path / "other.json", other)
    for name in ("zero", "mean"):
        method = type(METHOD)(**{**vars(METHOD), "replacement": name})
        solved[name] = stage_masks(shard, method)
        solved[name].save(tmp_path / f"{name}.npz")
        read = {str(tmp_path / "shard.npz"): "its hash"}
        save_json(tmp_path / f"{name}.json", {"config": {"method": vars(method)}, "files": read})
        files["masks"].append(tmp_path / f"{name}.npz")
        files["settings"].append(tmp_path / f"{name}.json")
    files["masks"].append(tmp_path / "other.npz")
    files["settings"].append(tmp_path / "other.json")
    own = {"grid": {"shown": 2}, "method": vars(METHOD), "saliency": {"scoring": "sum"}}
    save_json(tmp_path / "grid.json", {"config": own, "summary": {"dataset": "digits"}})
    save_results(tmp_path / "scores.parquet", as_table(rows("digits", ["sparsity"])))
    drawn = []
    monkeypatch.setattr(stage, "replacements", lambda *given: drawn.append(given) or None)
    monkeypatch.setattr(stage, "save_figure", lambda *given: None)
    stage.main(
        stage.Sections(),
        stage.Files(
            scores=[tmp_path / "scores.parquet"],
            grids=[tmp_path / "grid.json"],
            attribution=[tmp_path / "shard.npz"],
            **files,
            png=tmp_path / "r.png",
            pdf=tmp_path / "r.pdf",
            record=tmp_path / "r.json",
        ),
    )
    ((_, _, inputs),) = drawn
    for i, one in enumerate(inputs["digits"]):
        x = shard.inputs[i]
        for name, instead in (("zero", 0.0), ("mean", x.mean())):
            seen = np.where(solved[name].masks[i], x, instead)
            picture = one.kept[name][..., 0]
            # One scale for all of an input's pictures.
            slope = np.ptp(one.picture) / np.ptp(x)
            expected = one.picture.min() + slope * (seen - x.min())
            np.testing.assert_allclose(picture, expected, atol=1e-6)
            assert one.share[name] == pytest.approx(solved[name].masks[i].mean())


def stage_masks(shard, method):  # noqa: F811
    from smug.pipeline.solve_masks import solve_shard

    return solve_shard(shard, method, SOLVER)
