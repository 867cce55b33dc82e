"""The workflow as a user meets it: run, run again, change a value, make a mistake."""

import json
import subprocess

import pandas as pd
import pytest

from .conftest import TINY

SOLVING = {"solve_masks", "saliency", "score_masks", "mnist_masks", "mnist_ood"}
TRAINING = {"train_mnist_mlp", "network_limits", "models", "attribute", "completeness"}
TIMING = {"time_solvers", "solvers", "solver_scaling"}


def test_everything_is_made(finished):
    results = finished.folder / "results" / "demo"
    for name in ("figures/mnist_ood", "figures/solver_scaling"):
        assert (results / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert (results / f"{name}.pdf").read_bytes().startswith(b"%PDF")
    table = pd.read_csv(results / "tables/mnist_masks.csv")
    assert set(table["encoding"]) == {"first layer", "network"}
    assert set(table["window"]) == {4, 7}
    assert (table["digits"] == 2).all()
    assert (table["proven"] == 1.0).all()
    # A proven mask of the whole network keeps the class: that is its constraint.
    assert (table.loc[table["encoding"] == "network", "keeps_class"] == 1.0).all()
    assert "\\toprule" in (results / "tables/mnist_masks.tex").read_text()


def test_results_say_where_they_come_from(finished):
    results = finished.folder / "results" / "demo"
    variant = "method.encoding=first_layer,method.window=7,solver=highs"
    record = json.loads((results / f"solve_masks/mnist/{variant}/0.json").read_text())
    assert record["stage"] == "solve_masks"
    assert record["config"]["solver"]["timeout"] == 20.0
    assert record["versions"]["highspy"]
    assert record["summary"]["status"] == {"optimal": 2}
    assert any(name.endswith("attribute/mnist/0.npz") for name in record["files"])


def test_a_second_run_has_nothing_to_do(finished):
    assert finished.planned() == set()


@pytest.mark.parametrize(
    ("override", "rules"),
    [
        ("solver.timeout=19", SOLVING | TIMING),
        ("timing.timeout=19", TIMING),
        ("saliency.scoring=max", {"saliency", "mnist_ood"}),
        ("sweep.figure_window=4", {"saliency", "mnist_ood"}),
        ("attribution.steps=50", {"attribute", "completeness"} | SOLVING | TIMING),
        ("model.learning_rate=0.002", TRAINING | SOLVING | TIMING),
        ("imagenet:method.gamma=0.5", set()),
    ],
)
def test_an_override_reruns_exactly_the_rules_that_read_it(finished, override, rules):
    assert finished.planned(f"{TINY} {override}") == rules


def test_an_edited_value_reruns_its_rules_and_a_comment_none(finished):
    path = finished.folder / "conf" / "saliency" / "smug.yaml"
    before = path.read_text()
    try:
        path.write_text(before + "# a comment more\n")
        assert finished.planned() == set()
        path.write_text(before.replace("scoring: sum", "scoring: max"))
        assert finished.planned() == {"saliency", "mnist_ood"}
    finally:
        path.write_text(before)


def test_an_edited_module_reruns_what_imports_it(finished):
    path = finished.folder / "src" / "smug" / "masks" / "encode.py"
    before = path.read_text()
    try:
        path.write_text(before + "\n_EDITED = True\n")
        planned = finished.planned()
    finally:
        path.write_text(before)
    assert planned >= {"solve_masks", "time_solvers"}
    assert not planned & {"prepare_mnist", "train_mnist_mlp"}


def test_a_job_can_be_run_by_hand(finished):
    results = "results/demo"
    result = finished.job(
        "solve_masks",
        "method.window=7",
        "solver.timeout=20",
        f"io.attribution={results}/attribute/mnist/0.npz",
        "io.masks=by_hand.npz",
        "io.record=by_hand.json",
    )
    assert result.returncode == 0, result.stderr
    record = json.loads((finished.folder / "by_hand.json").read_text())
    assert record["config"]["method"]["window"] == 7
    assert record["summary"]["status"] == {"optimal": 2}


def test_a_damaged_input_is_named_and_nothing_is_written(finished):
    damaged = finished.folder / "damaged.npz"
    damaged.write_bytes((finished.folder / "results/demo/attribute/mnist/0.npz").read_bytes()[:500])
    result = finished.job(
        "solve_masks", "io.attribution=damaged.npz", "io.masks=out.npz", "io.record=out.json"
    )
    assert result.returncode == 1
    assert "solve_masks: damaged.npz is damaged" in result.stderr
    assert not (finished.folder / "out.npz").exists()
    assert not (finished.folder / "out.json").exists()


def test_a_folder_that_cannot_be_written_is_named(finished):
    (finished.folder / "in_the_way").write_text("a file, not a folder")
    result = finished.job(
        "solve_masks",
        "io.attribution=results/demo/attribute/mnist/0.npz",
        "io.masks=in_the_way/out.npz",
        "io.record=out.json",
    )
    assert result.returncode == 1
    assert "cannot write in_the_way/out.npz" in result.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--config", "override=solver.tiemout=3"], "Did you mean solver.timeout?"),
        (["--config", "override=method.gamma=abc"], "method.gamma: Value 'abc'"),
        (["--config", "override=method.gamma=1.5"], "method.gamma=1.5 is outside [0, 1)"),
        (["--config", "gamma=0.5"], "the only key is override"),
    ],
)
def test_a_mistake_stops_at_once_and_is_named(fresh, words, said):
    command = fresh.command("--dry-run")[:-2] + words
    result = _run(fresh, command)
    assert result.returncode == 1
    assert said in result.stdout + result.stderr


def test_overridden_runs_have_their_own_folder(finished):
    everything = {"prepare_mnist"} | TRAINING | SOLVING | TIMING
    assert finished.planned(f"{TINY} workflow.run=other") == everything


def _run(project, command):
    return subprocess.run(
        command, cwd=project.folder, env=project.environment, capture_output=True, text=True
    )
