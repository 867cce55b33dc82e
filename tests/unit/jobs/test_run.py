import json
import os
import sys
from dataclasses import dataclass

import pytest

from smug.errors import SmugError
from smug.jobs import run as job
from smug.jobs.settings.explanations import MethodSettings
from smug.stages.solve_masks import Files, Sections


@dataclass(frozen=True)
class WithJob:
    method: MethodSettings
    job: job.JobSettings


def run(monkeypatch, tmp_path, stage, *words):
    monkeypatch.setattr(sys, "argv", ["/somewhere/solve_masks.py", *words])
    for variable in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
        monkeypatch.setenv(variable, "99")
    paths = {name: tmp_path / name for name in ("attribution", "masks", "record")}
    paths["attribution"].write_text("abc")
    job.run(stage)
    return json.loads(paths["record"].read_text())


def io_words(tmp_path):
    return [f"io.{name}={tmp_path / name}" for name in ("attribution", "masks", "record")]


def test_a_job_gets_its_values_and_leaves_a_record(monkeypatch, tmp_path):
    seen = {}

    def stage(config: WithJob, files: Files):
        seen.update(gamma=config.method.gamma, job=config.job, masks=files.masks)
        return {"answer": 42}

    words = ["threads=2", "shard=3", "method.gamma=0.25", *io_words(tmp_path)]
    record = run(monkeypatch, tmp_path, stage, *words)
    assert seen == {
        "gamma": 0.25,
        "job": job.JobSettings(threads=2, shard=3),
        "masks": tmp_path / "masks",
    }
    assert os.environ["OMP_NUM_THREADS"] == os.environ["TF_NUM_INTRAOP_THREADS"] == "2"
    assert record["summary"] == {"answer": 42}
    assert record["config"]["method"]["gamma"] == 0.25
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert record["files"] == {str(tmp_path / "attribution"): digest}
    assert record["versions"]["keras"]


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("threads=0", "solve_masks: threads=0 is below 1"),
        ("shard=x", "solve_masks: shard=x is not a whole number"),
        ("method.gama=1", "solve_masks: unknown key 'method.gama'"),
        ("oi.masks=x", "solve_masks: unknown key 'oi.masks'"),
    ],
)
def test_mistakes_end_a_job_with_one_line(monkeypatch, tmp_path, word, said):
    with pytest.raises(SystemExit) as stop:
        run(monkeypatch, tmp_path, lambda *_: None, word, *io_words(tmp_path))
    assert str(stop.value).startswith(said)
    assert not (tmp_path / "record").exists()


def test_an_error_of_the_stage_is_said_without_a_trace(monkeypatch, tmp_path):
    def stage(config: Sections, files: Files):
        raise SmugError("window=99 is too large")

    with pytest.raises(SystemExit, match=r"^solve_masks: window=99 is too large$"):
        run(monkeypatch, tmp_path, stage, *io_words(tmp_path))
