"""The report page is written where a result is newer, and only there."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from smug.jobs.config import compose

ROOT = Path(__file__).parents[2]

#: Stands for Snakemake: logs its words, and writes the report where it is asked for.
SNAKEMAKE = """#!/bin/sh
echo "$@" >> words.txt
case "$*" in *--report*) touch results/demo/report.html ;; esac
"""


@pytest.fixture
def project(tmp_path):
    """A project with the real Makefile, whose Python says "mine" and whose Snakemake only logs."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copytree(ROOT / "conf" / "workflow", tmp_path / "conf" / "workflow")
    for name in ("requirements.lock", "pyproject.toml"):
        (tmp_path / name).touch()
    tools = tmp_path / ".venv" / "bin"
    tools.mkdir(parents=True)
    (tmp_path / ".venv" / "installed").touch()
    for name, text in {"snakemake": SNAKEMAKE, "python": "#!/bin/sh\necho mine\n"}.items():
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    (tmp_path / "results" / "demo").mkdir(parents=True)
    return tmp_path


def make_results(project):
    """Words of each call of Snakemake during ``make results``."""
    (project / "words.txt").write_text("")
    subprocess.run(["make", "results", "CORES=1"], cwd=project, check=True, capture_output=True)
    return (project / "words.txt").read_text().splitlines()


def test_an_unchanged_report_is_not_written_again(project):
    table = project / "results" / "demo" / "table.csv"
    table.touch()
    (run,) = make_results(project)
    assert run.startswith("--cores 1 --report results/demo/report.html")
    assert run.endswith("--report-after-run")
    assert make_results(project) == ["--cores 1"]
    later = (project / "results" / "demo" / "report.html").stat().st_mtime + 1
    os.utime(table, (later, later))
    run, report = make_results(project)
    assert run == "--cores 1"
    assert report.startswith("--report results/demo/report.html")


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="needs nproc")
def test_all_cores_are_used_though_each_job_is_to_have_one_thread(project):
    (project / "words.txt").touch()
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OMP_THREAD_LIMIT": "1"}
    environment.pop("MAKEFLAGS", None)
    subprocess.run(
        ["make", "results"], cwd=project, check=True, capture_output=True, env=environment
    )
    (run,) = (project / "words.txt").read_text().splitlines()
    assert run.startswith(f"--cores {len(os.sched_getaffinity(0))} ")


def test_the_folder_is_the_one_that_snakemake_fills(project):
    def checked(*words):
        # Under make test a make says which folder it leaves, after the line that is looked for.
        make = ["make", "--no-print-directory", "-n", "check", *words]
        said = subprocess.run(make, cwd=project, check=True, capture_output=True, text=True)
        shown = said.stdout.splitlines()[-1]
        return subprocess.run(
            ["sh", "-c", f"echo {shown}"], cwd=project, capture_output=True, text=True
        ).stdout

    assert checked().split()[-1] == f"results/{compose('mnist')['workflow']['run']}"
    assert checked("override=workflow.run=mine").split()[-1] == "results/mine"
