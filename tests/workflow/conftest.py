"""A throw-away copy of the project that tests may run, edit and break."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("Snakefile", "workflow", "profiles", "conf", "src", "pyproject.toml", "environment.yml")

#: The smallest run of everything on digits.
TINY = (
    "workflow.datasets=[mnist] mnist:dataset.explained=2 mnist:dataset.shard_size=2 "
    "mnist:model.epochs=1 mnist:solver.timeout=20 mnist:sweep.windows=[4,7] "
    "mnist:sweep.figure_window=7 mnist:sweep.network_solvers=[auto] "
    "mnist:sweep.first_layer_solvers=[auto] mnist:timing.solvers=[highs] "
    "network_limits.hidden=['5'] network_limits.windows=[7] network_limits.digits=1 "
    "mnist:timing.top_k=[4] mnist:timing.windows=[7] mnist:timing.inputs=1 "
    "mnist:grid.top_k=[4] mnist:grid.gamma=[0.0,0.5] mnist:grid.windows=[7] mnist:grid.inputs=1 "
    "mnist:grid.replacements=[mean] mnist:grid.rankings=[gradients] mnist:grid.scorings=[sum] "
    "mnist:grid.solutions=2 "
    "robust.digits=1 robust.epsilons=[0.05] robust.figure_epsilon=0.05 robust.windows=[7] "
    "mnist:comparison.explainers=[gradients] mnist:comparison.thresholds=5 "
    "mnist:comparison.cells=2 mnist:comparison.curve_steps=2 "
    "ggig_figure.methods=[gradients] ggig_figure.shown=1 mnist:sanity.methods=[gradients] "
    "mnist:sanity.inputs=1 mnist:sanity.shard_size=1 mnist:sanity.levels=1 mnist:sanity.seeds=[0] "
    "mnist:sanity.noises=[0.01] mnist:sanity.also=[]"
)


class Project:
    """A copy of the project in a temporary folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for part in PARTS:
            source = ROOT / part
            if source.is_dir() and not source.is_symlink():
                skip = shutil.ignore_patterns("__pycache__", "*.egg-info")
                shutil.copytree(source, folder / part, ignore=skip)
            elif source.is_symlink():
                (folder / part).symlink_to(os.readlink(source))
            else:
                shutil.copy2(source, folder / part)

    @property
    def environment(self) -> dict[str, str]:
        """The copy's own sources come first; jobs choose their backend for themselves."""
        given = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
        return {**given, "PYTHONPATH": str(self.folder / "src")}

    def command(self, *words: str, override: str = TINY) -> list[str]:
        snakemake = [sys.executable, "-m", "snakemake", "--cores", "2", *words]
        return [*snakemake, "--config", f"override={override}"]

    def run(self, *words: str, override: str = TINY) -> subprocess.CompletedProcess:
        return subprocess.run(
            self.command(*words, override=override),
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
        )

    def job(self, stage: str, *words: str) -> subprocess.CompletedProcess:
        return self._module(f"smug.stages.{stage}", *words)

    def smug(self, *words: str) -> subprocess.CompletedProcess:
        return self._module("smug.cli", *words)

    def _module(self, name: str, *words: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-m", name, *words],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
        )

    def planned(self, override: str = TINY) -> set[str]:
        """Rules that a dry run would run; empty when there is nothing to do."""
        result = self.run("--dry-run", override=override)
        text = result.stdout + result.stderr
        assert result.returncode == 0, text
        if "Nothing to be done" in text:
            return set()
        stats = text.split("Job stats:")[1].split("total")[0]
        return set(re.findall(r"^(\w+) +\d+$", stats, re.M)) - {"all"}


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A project in which the tiny run is done."""
    project = Project(tmp_path_factory.mktemp("project"))
    result = project.run()
    assert result.returncode == 0, result.stdout + result.stderr
    return project


@pytest.fixture
def fresh(tmp_path):
    """A project in which nothing ran yet."""
    return Project(tmp_path)
