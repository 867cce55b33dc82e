"""Data and networks of the user's own, from an empty folder to results as the page says."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from .conftest import Project

ROOT = Path(__file__).resolve().parents[2]
#: An example's results that are asked for here; a dry run plans all of them.
ASKED = {
    "digits": ("tables/attribution_curves.csv", "figures/ggig.png"),
    "breast_cancer": ("tables/attribution_curves.csv", "tables/sanity.csv", "gallery.html"),
    "photographs": ("tables/image_lsc.csv", "figures/image_saliency.png"),
    "reviews": ("tables/topk_gamma.csv", "figures/masks_topk_gamma_reviews.png"),
    "ecg": ("tables/attribution_curves.csv", "figures/masks_topk_gamma_ecg.png"),
}


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A project that holds the examples."""
    project = Project(tmp_path_factory.mktemp("own"))
    shutil.copytree(ROOT / "examples", project.folder / "examples")
    return project


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
    guessed = project.smug("init", f"mine/{name}")
    assert guessed.returncode == 0, guessed.stderr
    told = re.search(r"--config override='(settings=\S+)'", guessed.stdout)[1]
    assert told == f"settings={project.folder / 'mine' / name / 'smug.yaml'}"
    return told


@pytest.mark.parametrize("name", ASKED)
def test_an_example_ends_in_results(own, name):
    few = f"{name}:dataset.explained=2 {name}:dataset.shard_size=2 solver.timeout=10"
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
        assert len(solved["status"]) == 2
    record = json.loads((own.folder / f"results/{name}/import_own/{name}.json").read_text())
    network = own.folder / "mine" / name / "network.keras"
    known = hashlib.sha256(network.read_bytes()).hexdigest()
    assert record["files"][str(network)] == known
    if name in ("reviews", "ecg"):
        assert record["config"]["dataset"]["source"] == "generated"
        table = own.folder / f"results/{name}/{ASKED[name][0]}"
        assert set(pd.read_csv(table)["dataset"]) == {f"{name} (generated)"}
    checked = own.smug("check", f"results/{name}")
    assert checked.returncode == 0, checked.stdout
