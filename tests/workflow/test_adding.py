"""Whoever adds something needs exactly the files that CONTRIBUTING.md lists."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from smug.pipeline.results import dataset_label

METHOD = '''
"""Distance of each value from zero."""

import numpy as np


def toy(model, x, target, *, power: int = 1):
    """Magnitude of the input to a power."""
    return np.abs(x) ** power
'''
METHOD_ENTRY = """
    "toy": Method(
        "smug.attribution.toy:toy", name="Toy", about="magnitude of the input"
    ),
"""
SOLVER = '''
"""Every window at once."""

from time import perf_counter

import numpy as np

from smug.masks.problem import MaskSolution, Status


def solve_toy(problem, *, time_limit, start, seed, threads, progress):
    """The whole input: always valid, hardly ever smallest."""
    begin = perf_counter()
    mask = np.ones(problem.size, bool)
    seconds = perf_counter() - begin
    return MaskSolution(mask, Status.FEASIBLE, float(problem.size), 1.0, seconds, "toy")
'''
SOLVER_ENTRY = """
    "toy": Solver("smug.masks.solvers.toy:solve_toy", name="Toy", about="every window"),
"""
FIGURE = '''
"""Figure and table: how bright the explained inputs are."""

import pandas as pd

from smug.drawing import ONE_COLUMN, plt, use_style


def toy(brightness):
    """Mean brightness of every input as a table, drawn as bars."""
    use_style()
    figure, axis = plt.subplots(figsize=(ONE_COLUMN, 2))
    axis.bar(range(len(brightness)), brightness)
    return figure, pd.DataFrame({"input": range(len(brightness)), "brightness": brightness})
'''
FIGURE_STAGE = '''
"""Draw how bright the explained inputs are."""

from dataclasses import dataclass
from pathlib import Path

from smug.datasets.prepared import PreparedImages
from smug.drawing import save_figure, save_table
from smug.figures.toy import toy
from smug.jobs.run import Summary, run


@dataclass(frozen=True)
class Sections:
    """The stage reads no section of the configuration."""


@dataclass(frozen=True)
class Files:
    """Inputs and outputs by their names in the rule."""

    data: list[Path]
    png: Path
    pdf: Path
    csv: Path
    tex: Path
    record: Path


def main(config: Sections, files: Files) -> Summary:
    """Write the figure and the table."""
    images = [image for path in files.data for image in PreparedImages.load(path).images]
    figure, table = toy([float(image.mean()) for image in images])
    save_figure(figure, files.png, files.pdf)
    save_table(table, files.csv, files.tex, caption="Brightness.")
    return {"rows": len(table)}


if __name__ == "__main__":
    run(main)
'''
FIGURE_RULE = """

use rule stage as toy with:
    input:
        data=expand(f"{OUT}/prepare_{{dataset}}/data.npz", dataset=DATASETS),
    output:
        **figure("toy", "Brightness"),
        **table("toy", "Brightness"),
        record=f"{OUT}/figures/toy.json",
    log:
        f"{OUT}/logs/toy.log",
    params:
        **captioned("toy"),
"""
DATASET = '''
"""Ones and zeros, drawn."""

import numpy as np

from smug.datasets.prepared import PreparedImages


def prepare(count, seed):
    """Bars and frames at random places, classes in turn."""
    rng = np.random.default_rng(seed)
    images = np.zeros((count, 28, 28), np.uint8)
    labels = np.arange(count) % 2
    for image, label in zip(images, labels):
        top, left = rng.integers(3, 6, 2)
        image[top : top + 20, left + 6 : left + 9] = 255
        if label == 0:
            image[top : top + 20, left + 6 : left + 18] = 255
            image[top + 3 : top + 17, left + 9 : left + 15] = 0
    ids = [f"toy-{i}" for i in range(count)]
    return PreparedImages(images, labels, ids, np.full((count, 4), np.nan), list("0123456789"))
'''
DATASET_STAGE = '''
"""Draw ones and zeros."""

from dataclasses import dataclass
from pathlib import Path

from smug.datasets import toy
from smug.jobs.run import Summary, run
from smug.jobs.settings.datasets import ToySettings


@dataclass(frozen=True)
class Sections:
    """Sections of the configuration that the stage reads."""

    dataset: ToySettings


@dataclass(frozen=True)
class Files:
    """Inputs and outputs by their names in the rule."""

    data: Path
    record: Path


def main(config: Sections, files: Files) -> Summary:
    """Write the images."""
    toy.prepare(config.dataset.explained, config.dataset.seed).save(files.data)
    return {"images": config.dataset.explained}


if __name__ == "__main__":
    run(main)
'''
DATASET_RULE = """

use rule stage as prepare_toy with:
    output:
        data=f"{OUT}/prepare_toy/data.npz",
        record=f"{OUT}/prepare_toy/record.json",
    log:
        f"{OUT}/logs/prepare_toy.log",
    params:
        **job("prepare_toy", "toy"),
"""
DATASET_SCHEMA = '''
@dataclass
class ToySettings(DatasetSettings):
    """How many are drawn."""

    source: str = described("Where the inputs come from.", allowed=("generated",))


#: Schema'''
DATASET_VALUES = """
defaults: [toy_schema, _self_, override /model@_global_.model: mnist_mlp]
name: toy
kind: images
source: generated
explained: 3
shard_size: 2
seed: 0
"""
#: The smallest run on the toy dataset.
DATASET_RUN = "workflow.datasets=[toy] mnist:model.epochs=1 attribution.steps=5 toy:solver=highs"
#: A network and an input, then what a test asks of them.
BEGIN = """
import keras, numpy as np, smug
keras.utils.set_random_seed(0)
dense = keras.layers.Dense
model = keras.Sequential([keras.Input((6,)), dense(8, "relu"), dense(3, "softmax")])
x = np.arange(1, 7, dtype="float32")[None]
"""
COMPOSE = """
from smug.jobs.config import compose
from smug.jobs.overrides import parse_overrides
config = compose("mnist", parse_overrides("{group}=toy"))
assert config["{group}"]["name"] == "toy", config["{group}"]
"""


def _listed(project, heading: str) -> list[Path]:
    """Files that a section of CONTRIBUTING.md lists for a toy, in its order."""
    page = (Path(__file__).resolve().parents[2] / "CONTRIBUTING.md").read_text("utf-8")
    section = page.split(f"## {heading}\n")[1].split("\n## ")[0]
    paths = re.findall(
        r"`((?:(?:src|conf|tests|workflow)/)?[\w/.<>]+\.(?:py|smk|yaml|rst|md))`", section
    )
    return [project.folder / path.replace("<name>", "toy") for path in paths]


def _insert(path: Path, registry: str, entry: str) -> None:
    """Add an entry at the end of a registry, as whoever follows the page does."""
    before, start, rest = path.read_text("utf-8").partition(f"\n{registry}")
    inside, end, after = rest.partition("\n}\n")
    assert start
    assert end
    path.write_text(before + start + inside + entry.rstrip() + end + after, "utf-8")


def _python(project, code: str) -> None:
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=project.folder,
        env=project.environment,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr


def test_a_method_is_a_module_an_entry_and_a_file_of_values(fresh):
    module, entries, conf, test = _listed(fresh, "Add a method")
    assert test.name == "test_toy.py"  # not needed to run it
    module.write_text(METHOD)
    _insert(entries, "METHODS: ", METHOD_ENTRY)
    values = "defaults: [toy_explainer_schema, _self_]\nname: toy\nmethod: toy\npower: 2\n"
    conf.write_text(values)
    asked = """
made = smug.explain(model, x, method="toy", power=2)
np.testing.assert_array_equal(made.values, x**2)
"""
    _python(fresh, BEGIN + asked + COMPOSE.format(group="explainer"))
    listed = fresh.smug("methods").stdout
    assert "toy: magnitude of the input" in listed
    assert "power=1" in listed.split("toy:")[1]


def test_a_solver_is_a_module_and_an_entry(fresh):
    module, entries = _listed(fresh, "Add a solver")
    module.write_text(SOLVER)
    _insert(entries, "SOLVERS: ", SOLVER_ENTRY)
    asked = """
made = smug.explain(model, x, gamma=0.5, solver="toy", steps=8)
assert made.solver["status"].tolist() == ["feasible"], made.solver
assert made.mask.all() and made.solver["objective"].tolist() == [6.0]
"""
    _python(fresh, BEGIN + asked + COMPOSE.format(group="solver"))


def test_a_figure_is_a_module_a_stage_a_rule_and_a_caption(fresh):
    module, stage, rules, caption = _listed(fresh, "Add a figure or a table")
    module.write_text(FIGURE)
    stage.write_text(FIGURE_STAGE)
    rules.write_text(rules.read_text("utf-8") + FIGURE_RULE, "utf-8")
    caption.write_text(".. settings: dataset.explained\n\nMean brightness.\n")
    folder = fresh.folder / "results" / "demo"
    assert "toy" in fresh.planned()
    made = fresh.run("results/demo/figures/toy.png")
    assert made.returncode == 0, made.stdout + made.stderr
    with Image.open(folder / "figures" / "toy.png") as picture:
        assert len(np.unique(np.asarray(picture.convert("RGB")).reshape(-1, 3), axis=0)) > 1
    table = pd.read_csv(folder / "tables" / "toy.csv")
    with np.load(folder / "prepare_mnist" / "data.npz") as prepared:
        digits = prepared["images"]
    np.testing.assert_allclose(table["brightness"], [digit.mean() for digit in digits], rtol=1e-3)


def _holds_masks(folder: Path, asked: list[Path]) -> None:
    """Masks alone keep half of every chosen node's response, and maps lie inside of them."""
    for path in asked:
        solved = np.load(folder / "solve_masks/toy/main" / path.name)
        known = np.load(folder / "attribute/toy" / path.name)
        assert set(solved["status"]) == {"optimal"}
        inputs = known["inputs"].reshape(len(solved["ids"]), -1)
        alone = inputs * solved["masks"].reshape(inputs.shape)
        whole, kept = (x @ known["dense.0.kernel"] + known["dense.0.bias"] for x in (inputs, alone))
        for row, nodes in enumerate(solved["nodes"]):
            chosen = nodes[nodes >= 0]
            assert len(chosen)
            assert (kept[row, chosen] >= 0.5 * whole[row, chosen]).all()
        maps = np.load(path)["smug"]
        assert maps.any()
        assert not maps[~solved["masks"]].any()


def test_a_dataset_is_eight_files_at_most(fresh):
    listed = _listed(fresh, "Add a dataset")
    module, stage, rules, schemas, conf, shared, network, test, page = listed
    assert (shared.name, test.name, page.name) == ("config.yaml", "test_toy.py", "DATA.md")
    assert len(listed) - 1 <= 8  # config.yaml is named, not changed
    module.write_text(DATASET)
    stage.write_text(DATASET_STAGE)
    rules.write_text(rules.read_text("utf-8") + DATASET_RULE, "utf-8")
    before, after = schemas.read_text("utf-8").split("\n#: Schema")
    schemas.write_text(before + DATASET_SCHEMA + after, "utf-8")
    _insert(schemas, "DATASETS: ", '\n    "toy": ToySettings,')
    conf.write_text(DATASET_VALUES)
    network.write_text(network.read_text("utf-8").replace("[mnist]", "[mnist, toy]"), "utf-8")
    planned = fresh.planned(DATASET_RUN)
    assert {"prepare_toy", "topk_gamma", "ggig", "gallery_images"} < planned
    assert not {"mnist_masks", "optbox", "text_rationales"} & planned
    folder = Path("results/demo")
    asked = [folder / f"saliency/toy/main/{shard}.npz" for shard in (0, 1)]
    made = fresh.run(*map(str, asked), override=DATASET_RUN)
    assert made.returncode == 0, made.stdout + made.stderr
    _holds_masks(fresh.folder / folder, [fresh.folder / path for path in asked])
    record = json.loads((fresh.folder / folder / "attribute/toy/0.json").read_text())
    assert dataset_label(record["config"]["dataset"]) == "toy (generated)"


def test_a_dataset_in_a_known_format_is_a_file_and_a_word(fresh):
    conf = fresh.folder / "conf"
    known = (conf / "dataset/mnist.yaml").read_text("utf-8")
    (conf / "dataset/seven.yaml").write_text(known.replace("name: mnist", "name: seven"), "utf-8")
    for network in ("mnist_mlp", "mnist_cnn"):
        path = conf / f"model/{network}.yaml"
        path.write_text(path.read_text("utf-8").replace("[mnist]", "[mnist, seven]"), "utf-8")
    override = "workflow.datasets=[seven] seven:dataset.seed=7 mnist:model.epochs=1"
    assert fresh.planned(override) == fresh.planned("workflow.datasets=[mnist]")
    folder = Path("results/demo")
    asked = [str(folder / f"prepare_{name}/data.npz") for name in ("mnist", "seven")]
    made = fresh.run(*asked, str(folder / "train_mnist/mnist_mlp/metrics.json"), override=override)
    assert made.returncode == 0, made.stdout + made.stderr
    ids = [set(np.load(fresh.folder / path)["ids"]) for path in asked]
    assert ids[0] != ids[1]
    metrics = json.loads((fresh.folder / folder / "train_mnist/mnist_mlp/metrics.json").read_text())
    assert metrics["dataset"] == "mnist"
