"""A method and a solver are added by exactly the files that CONTRIBUTING.md lists."""

import re
import subprocess
import sys
from pathlib import Path

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
    paths = re.findall(r"`((?:src|conf|tests)/[\w/.<>]+\.(?:py|yaml))`", section)
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
