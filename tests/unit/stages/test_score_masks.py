from dataclasses import replace
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from smug.io import save_json
from smug.pipeline.results import load_results
from smug.pipeline.solve_masks import solve_shard
from smug.stages.score_masks import Files, Sections, main
from tests.unit.pipeline.test_solve_masks import METHOD, SOLVER, shard  # noqa: F401


@pytest.fixture
def scored(shard, tmp_path):  # noqa: F811
    """Score the shard's masks, made with the method section of another dataset."""
    files = Files(
        attribution=[tmp_path / "attribution.npz"],
        masks=[tmp_path / "masks.npz"],
        settings=[tmp_path / "masks.json"],
        model=tmp_path / "model.keras",
        scores=tmp_path / "scores.parquet",
        record=tmp_path / "scores.json",
    )
    shard = replace(shard, inputs=shard.images / np.float32(255))
    shard.save(files.attribution[0])
    solved = solve_shard(shard, METHOD, SOLVER)
    solved.masks[1] = False  # a damaged file
    solved.save(files.masks[0])
    method = {"name": "imagenet", **vars(METHOD)}
    save_json(files.settings[0], {"config": {"method": method, "solver": vars(SOLVER)}})
    model = keras.Sequential(
        [
            keras.Input((6, 6)),
            keras.layers.Flatten(),
            keras.layers.Dense(5, "relu"),
            keras.layers.Dense(3, "softmax"),
        ]
    )
    model.set_weights([array for layer in shard.dense for array in layer])
    model.save(files.model)
    sections = Sections(
        workflow=SimpleNamespace(run="r"),
        dataset=SimpleNamespace(name="mnist", source="generated"),
        model=SimpleNamespace(name="mnist_mlp"),
    )
    assert main(sections, files)["unconfirmed"] == 1
    return load_results(files.scores)


def test_rows_name_the_dataset_whatever_the_method_section_is_called(scored):
    assert set(scored["dataset"]) == {"mnist (generated)"}
    assert scored["image"].unique().tolist() == ["a", "b", "c"]
    sparsity = scored[scored["metric"].eq("sparsity")].set_index("image")["value"]
    assert sparsity["a"] > 0
    assert np.isnan(sparsity["c"])
    assert set(scored["window"]) == {METHOD.window}
    assert set(scored["solver"]) == {SOLVER.name}
    assert scored["delta"].isna().all()


def test_the_network_confirms_a_mask_and_not_a_damaged_one(scored):
    assert scored["confirmed"].dtype == "boolean"
    assert scored.groupby("image")["confirmed"].unique().map(list).to_dict() == {
        "a": [True],
        "b": [False],
        "c": [False],
    }
