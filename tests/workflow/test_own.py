"""Data and networks of the user's own, from an empty folder to results as the page says."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from skimage import data

from smug.datasets.prepared import UNKNOWN

from .conftest import Project

ROOT = Path(__file__).resolve().parents[2]
#: An example's results that are asked for here; a dry run plans all of them.
ASKED = {
    "digits": ("tables/attribution_curves.csv", "figures/ggig.png"),
    "breast_cancer": ("tables/attribution_curves.csv", "tables/sanity.csv", "gallery.html"),
    "photographs": ("tables/image_lsc.csv", "figures/image_saliency.png"),
    "reviews": (
        "tables/topk_gamma.csv",
        "figures/masks_topk_gamma_reviews.png",
        "tables/text_methods_reviews.csv",
        "tables/text_metrics.csv",
        "gallery.html",
    ),
    "ecg": ("tables/attribution_curves.csv", "figures/masks_topk_gamma_ecg.png"),
}


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A project that holds the examples."""
    project = Project(tmp_path_factory.mktemp("own"))
    shutil.copytree(ROOT / "examples", project.folder / "examples")
    return project


def _guessed(project, name: str) -> str:
    """Override that ``smug init`` names for the data of a folder."""
    guessed = project.smug("init", f"mine/{name}")
    assert guessed.returncode == 0, guessed.stderr
    told = re.search(r"--config override='(settings=\S+)'", guessed.stdout)[1]
    assert told == f"settings={project.folder / 'mine' / name / 'smug.yaml'}"
    return told


def _settings(project, name: str) -> str:
    """Override that an example's script and ``smug init`` lead to, as the page says."""
    made = subprocess.run(
        [sys.executable, f"examples/{name}.py", f"mine/{name}"],
        cwd=project.folder,
        env=project.environment,
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stderr
    return _guessed(project, name)


def _as_onnx(keras_file: Path, path: Path) -> None:
    """The network of the example of photographs as an ONNX file, channels first, of 0 to 1."""
    import keras
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    _, first, second, _, dense = keras.saving.load_model(keras_file).layers
    weights = {}
    for name, layer in (("a", first), ("b", second), ("c", dense)):
        kernel, bias = layer.get_weights()
        weights |= {name: kernel.transpose(3, 2, 0, 1) if kernel.ndim == 4 else kernel}
        weights |= {f"{name}_bias": bias}
    nodes = [
        helper.make_node("Conv", ["x", "a", "a_bias"], ["1"], "/0/Conv", strides=[2, 2]),
        helper.make_node("Relu", ["1"], ["2"], "/1/Relu"),
        helper.make_node("Conv", ["2", "b", "b_bias"], ["3"], "/2/Conv"),
        helper.make_node("Relu", ["3"], ["4"], "/3/Relu"),
        helper.make_node("GlobalAveragePool", ["4"], ["5"], "/4/Pool"),
        helper.make_node("Flatten", ["5"], ["6"], "/5/Flatten"),
        helper.make_node("Gemm", ["6", "c", "c_bias"], ["7"], "/6/Gemm"),
        helper.make_node("Softmax", ["7"], ["y"], "/7/Softmax", axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 32, 32])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 2])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(made)
    onnx.save(made, path)


@pytest.mark.skipif(
    not all(map(find_spec, ("torch", "onnx", "onnx2torch"))), reason="needs smug[onnx]"
)
def test_an_onnx_file_is_explained_as_the_keras_network_that_it_was(own):
    few = "dataset.explained=2 dataset.shard_size=2 solver.timeout=10 experiment=quick"
    told = f"{_settings(own, 'photographs')} {few}"
    folder = own.folder / "mine"
    _as_onnx(folder / "photographs" / "network.keras", folder / "network.onnx")
    again = f"{told} photographs:model.file={folder}/network.onnx"
    found = []
    for run, chosen in (("as_keras", told), ("as_onnx", again)):
        scores = f"results/{run}/score_images/photographs/0.parquet"
        checks = f"results/{run}/tables/sanity.csv"
        asked = [scores, checks] if run == "as_onnx" else [scores]
        done = own.run(*asked, override=f"{chosen} workflow.run={run}")
        assert done.returncode == 0, done.stdout + done.stderr
        with np.load(own.folder / f"results/{run}/attribute/photographs/0.npz") as arrays:
            shown = {name: arrays[name] for name in ("probability", "attribution", "target")}
        with np.load(own.folder / f"results/{run}/solve_masks/photographs/main/0.npz") as solved:
            found.append({**shown, "objective": solved["objective"]})
    for name, value in found[0].items():
        np.testing.assert_allclose(found[1][name], value, rtol=1e-3, atol=1e-5, err_msg=name)
    record = json.loads((own.folder / "results/as_onnx/import_onnx/photographs.json").read_text())
    assert record["stage"] == "import_onnx"


def test_photographs_need_no_network_of_ones_own(own):
    folder = own.folder / "mine" / "holiday"
    for name, label in (("chelsea", "tabby"), ("coffee", "at_home")):
        (folder / label).mkdir(parents=True)
        Image.fromarray(getattr(data, name)()).save(folder / label / f"{name}.png")
    few = "experiment=quick solver.timeout=10 workflow.run=holiday"
    told = f"{_guessed(own, 'holiday')} holiday:model=squeezenet {few}"
    planned = own.planned(told)
    assert {"import_model", "prepare_images", "image_metrics", "gallery"} <= planned
    assert not {"import_own", "prepare_imagenet"} & planned
    done = own.run("results/holiday/solve_masks/holiday/main/0.npz", override=told)
    assert done.returncode == 0, done.stdout + done.stderr
    with np.load(own.folder / "results/holiday/prepare_holiday/data.npz") as prepared:
        classes = prepared["class_names"]
        labels = dict(zip(prepared["ids"].tolist(), prepared["labels"].tolist(), strict=True))
    assert classes[labels["tabby/chelsea.png"]] == "tabby"
    assert labels["at_home/coffee.png"] == UNKNOWN
    with np.load(own.folder / "results/holiday/attribute/holiday/0.npz") as shard:
        named = {
            Path(str(one)).stem: str(classes[target])
            for one, target in zip(shard["ids"], shard["target"], strict=True)
        }
    assert "cat" in named["chelsea"] or "tabby" in named["chelsea"]


@pytest.mark.parametrize("name", ASKED)
def test_an_example_ends_in_results(own, name):
    size = 1 if name == "reviews" else 2
    few = f"{name}:dataset.explained=2 {name}:dataset.shard_size={size} solver.timeout=10"
    few += f" {name}:grid.inputs=2"
    told = f"{_settings(own, name)} experiment=quick workflow.run={name} {few}"
    asked = [f"results/{name}/{path}" for path in ASKED[name]]
    planned = own.planned(told)
    assert {"import_own", "topk_gamma", "solver_scaling", "sanity", "gallery"} <= planned
    run = own.run(*asked, override=told)
    assert run.returncode == 0, run.stdout + run.stderr
    for path in map(own.folder.joinpath, asked):
        if path.suffix == ".csv":
            assert len(pd.read_csv(path)), path
        else:
            assert path.stat().st_size > 1000, path
    with np.load(own.folder / f"results/{name}/solve_masks/{name}/main/0.npz") as solved:
        assert set(solved["status"]) <= {"optimal", "feasible"}
        assert len(solved["status"]) == size
    record = json.loads((own.folder / f"results/{name}/import_own/{name}.json").read_text())
    network = own.folder / "mine" / name / "network.keras"
    known = hashlib.sha256(network.read_bytes()).hexdigest()
    assert record["files"][str(network)] == known
    if name in ("reviews", "ecg"):
        assert record["config"]["dataset"]["source"] == "generated"
        table = own.folder / f"results/{name}/{ASKED[name][0]}"
        assert set(pd.read_csv(table)["dataset"]) == {f"{name} (generated)"}
    if name == "reviews":
        methods = pd.read_csv(own.folder / f"results/{name}/tables/text_methods_reviews.csv")
        expected = {"SMUG", "SMUG, gamma 0", "SMUG_base", "no word", "SIS", "smallest set"}
        assert expected <= set(methods["method"])
        proven = methods[methods["metric"].eq("proven")].set_index("method")["estimate"]
        assert proven["smallest set"] == 1
        page = json.loads((own.folder / "results/reviews/gallery_texts/reviews.json").read_text())
        assert page["inputs"][0]["methods"]["smallest set"]["note"].endswith("proven")
        agreed = methods[methods["metric"].eq("auprc")]
        assert agreed["n"].eq(2).any()
        assert agreed["estimate"].between(0, 1).any()
        assert methods["dataset"].eq("reviews (generated)").all()
        # The sweeps are measured shard by shard.
        assert pd.read_csv(table)["inputs"].eq(2).all()
    checked = own.smug("check", f"results/{name}")
    assert checked.returncode == 0, checked.stdout
