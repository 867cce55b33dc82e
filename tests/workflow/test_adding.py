"""A method, a solver and a figure are added by exactly the files that CONTRIBUTING.md lists."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

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
        code=code("toy"),
    output:
        **figure("toy", "Brightness"),
        **table("toy", "Brightness"),
        record=f"{OUT}/figures/toy.json",
    log:
        f"{OUT}/logs/toy.log",
    benchmark:
        f"{OUT}/benchmarks/toy.tsv"
    params:
        **captioned("toy"),
"""
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
    paths = re.findall(r"`((?:src|conf|tests|workflow)/[\w/.<>]+\.\w+)`", section)
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
    module, registry, conf, test = _listed(fresh, "Add a method")
    assert test.name == "test_toy.py"  # not needed to run it
    module.write_text(METHOD)
    _insert(registry, "METHODS: ", METHOD_ENTRY)
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


def test_a_solver_is_a_module_an_entry_and_a_file_of_values(fresh):
    module, registry, conf = _listed(fresh, "Add a solver")
    module.write_text(SOLVER)
    _insert(registry, "SOLVERS: ", SOLVER_ENTRY)
    conf.write_text("defaults: [highs, _self_]\nname: toy\n")
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
