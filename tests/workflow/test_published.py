"""The workflow as others get it: as a module of their own, and inside a built package."""

import os
import re
import subprocess
import sys
import zipfile

import pytest
import yaml

from tests.workflow.conftest import ROOT

QUICK = "experiment=quick workflow.datasets=[mnist]"


def _planned(result):
    """Number of jobs in Snakemake's plan."""
    text = result.stdout + result.stderr
    assert result.returncode == 0, text
    return int(re.search(r"^total +(\d+)$", text, re.M)[1])


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The built package's file, and the folder that it is installed in."""
    folder = tmp_path_factory.mktemp("package")
    run = [sys.executable, "-m"]
    subprocess.run(
        [*run, "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    subprocess.run(
        [*run, "pip", "install", "--quiet", "--no-deps", "--target", folder / "site", wheel],
        check=True,
        capture_output=True,
    )
    return wheel, folder / "site"


def test_another_workflow_takes_it_as_a_module(tmp_path):
    (tmp_path / "Snakefile").write_text(
        f"""
module smug:
    snakefile: "{ROOT}/workflow/Snakefile"
    config: {{"override": "{QUICK}"}}

use rule * from smug as smug_*

rule mine:
    default_target: True
    input: rules.smug_all.input
"""
    )
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--dry-run"]
    alone = [*command, "-s", ROOT / "Snakefile", "--config", f"override={QUICK}"]
    plans = [
        subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)
        for words in (command, alone)
    ]
    assert _planned(plans[0]) == _planned(plans[1]) > 30


def test_a_package_carries_the_whole_workflow(package):
    wheel, _ = package
    names = set(zipfile.ZipFile(wheel).namelist())
    carried = [ROOT / "environment.yml", *(ROOT / "conf").rglob("*.yaml")]
    carried += [path for path in (ROOT / "workflow").rglob("*") if path.is_file()]
    assert len(carried) > 100
    carried = [path for path in carried if "profiles" not in path.parts]
    assert {f"smug/home/{path.relative_to(ROOT)}" for path in carried} <= names
    assert "smug/home/workflow/profiles/default/config.yaml" in names


def test_the_workflow_runs_from_an_installed_package(package, tmp_path):
    _, site = package
    environment = {**os.environ, "PYTHONPATH": str(site)}
    folder = tmp_path / "mine"

    def run(*words):
        return subprocess.run(
            [sys.executable, "-m", "smug.cli", "run", folder, *words],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
        )

    assert _planned(run("--config", f"override={QUICK}", "--dry-run")) > 30
    made = run("--cores", "1", "--", "results/demo/prepare_mnist/data.npz")
    assert made.returncode == 0, made.stdout + made.stderr
    log = (folder / "results/demo/logs/prepare_mnist/mnist.log").read_text()
    assert "Traceback" not in log
    assert (folder / "results/demo/prepare_mnist/data.npz").is_file()
    mistyped = run("--config", "override=solver.timeouts=3")
    assert mistyped.returncode == 1
    assert "solver.timeout" in mistyped.stdout + mistyped.stderr


def test_the_catalogue_finds_what_it_looks_for():
    about = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text())
    assert set(about["usage"]) == {"mandatory-flags", "software-stack-deployment", "report"}
    for path in ("workflow/Snakefile", "config/README.md", ".test/README.md"):
        assert (ROOT / path).is_file()
    page = (ROOT / ".test/README.md").read_text()
    command = re.search(r"`(snakemake --directory .test .*\])'`", page)
    assert QUICK in command[1]
