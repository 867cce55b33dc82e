"""The Slurm profile on a real cluster of one machine: the same results as a local run."""

import importlib.util
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ..workflow.conftest import TINY, Project
from .one_machine import finished_jobs, missing, one_machine, wait_for

pytestmark = [
    pytest.mark.skipif(bool(missing()), reason=f"not installed: {', '.join(missing())}"),
    pytest.mark.skipif(
        importlib.util.find_spec("snakemake_executor_plugin_slurm") is None,
        reason="needs the extra slurm: snakemake-executor-plugin-slurm",
    ),
    pytest.mark.timeout(1800),
]

OVERRIDE = f"{TINY} mnist:sweep.windows=[7]"

#: Without an accounting database only squeue knows what became of a job. A first look after 10 s
#: suits jobs of seconds; the plugin's own 40 s suits a shared controller.
ON_SLURM = (
    *("--workflow-profile", "profiles/slurm"),
    *("--slurm-status-command", "squeue"),
    *("--slurm-init-seconds-before-status-checks", "10"),
)


def snakemake(project: Project, *words: str, environment: dict[str, str], seconds: float) -> str:
    """Output of a run that succeeded; one that hangs ends with everything it started."""
    command = [sys.executable, "-m", "snakemake", *words, "--config", f"override={OVERRIDE}"]
    with subprocess.Popen(
        command,
        cwd=project.folder,
        env={**environment, "PYTHONPATH": project.environment["PYTHONPATH"]},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            pytest.fail(f"no end after {seconds} s\n{output}")
    logs = (project.folder / ".snakemake" / "slurm_logs").rglob("*.log")
    assert process.returncode == 0, "\n".join([output, *(log.read_text() for log in logs)])
    return output


def found(project: Project, pattern: str) -> dict[Path, Path]:
    """Result files by their path inside the results."""
    results = project.folder / "results"
    return {path.relative_to(results): path for path in results.rglob(pattern)}


def without_seconds(names) -> list[str]:
    return [name for name in names if "seconds" not in name]


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    """A copy in which this process's machine ran everything."""
    project = Project(tmp_path_factory.mktemp("local"))
    snakemake(project, "--cores", "2", environment=dict(os.environ), seconds=400)
    return project


@pytest.fixture(scope="module")
def on_slurm(tmp_path_factory):
    """A copy in which Slurm ran every job, and the ids of the jobs: submitted, completed."""
    project = Project(tmp_path_factory.mktemp("slurm"))
    with one_machine(memory=8000) as environment:
        output = snakemake(project, *ON_SLURM, environment=environment, seconds=1200)
        submitted = set(re.findall(r"submitted with SLURM jobid (\d+)", output))
        logs = Path(environment["SLURM_CONF"]).parent
        # A job's files are there a moment before its end is on record.
        wait_for(lambda: submitted <= set(finished_jobs(environment)), [], logs)
        states = finished_jobs(environment)
    return project, submitted, states


def test_slurm_ran_every_job(on_slurm):
    project, submitted, states = on_slurm
    assert set(states) == submitted
    assert set(states.values()) == {"COMPLETED"}
    # Every job writes its log, however it was run.
    assert len(submitted) == len(found(project, "logs/**/*.log")) >= 10


def test_nothing_is_left_to_do_locally(on_slurm):
    project, _, _ = on_slurm
    assert project.planned(OVERRIDE) == set()


def test_arrays_equal_those_of_a_local_run(on_slurm, local):
    ours, theirs = found(on_slurm[0], "*.npz"), found(local, "*.npz")
    assert ours.keys() == theirs.keys()
    assert {path.parts[1] for path in ours} >= {"attribute", "solve_masks", "saliency"}
    for path in ours:
        with np.load(ours[path]) as a, np.load(theirs[path]) as b:
            assert set(a) == set(b)
            for name in without_seconds(a):
                np.testing.assert_array_equal(a[name], b[name], err_msg=f"{path}: {name}")


def test_tables_equal_those_of_a_local_run(on_slurm, local):
    ours, theirs = found(on_slurm[0], "*.csv"), found(local, "*.csv")
    assert ours.keys() == theirs.keys()
    assert {path.stem for path in ours} >= {"models", "mnist_masks", "solvers", "network_limits"}
    for path in ours:
        a, b = pd.read_csv(ours[path]), pd.read_csv(theirs[path])
        assert list(a) == list(b)
        assert len(a)
        kept = without_seconds(a)
        pd.testing.assert_frame_equal(a[kept], b[kept], check_exact=True)


def test_figures_equal_those_of_a_local_run(on_slurm, local):
    ours, theirs = found(on_slurm[0], "figures/*.png"), found(local, "figures/*.png")
    assert ours.keys() == theirs.keys() != set()
    # The other figure draws seconds.
    mask = next(path for path in ours if path.stem == "mnist_ood")
    assert ours[mask].read_bytes() == theirs[mask].read_bytes()
