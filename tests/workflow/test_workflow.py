"""The workflow as a user meets it: run, run again, change a value, make a mistake."""

import json
import os
import re
import subprocess
from urllib.parse import unquote

import pandas as pd
import pytest

from .conftest import TINY

SCORED = {"score_grid", "topk_gamma", "masks_topk_gamma", "ablations", "replacements"}
SWEEPS = SCORED | {"distinct_masks"}
PAGE = {"score_images", "attribution_curves", "image_metrics", "gallery_images", "gallery"}
SOLVING = {"solve_masks", "saliency", "score_masks", "mnist_masks", "mnist_ood", "robust"}
SOLVING |= PAGE | SWEEPS
MEASURING = {"score_sanity", "sanity", "stability", "sanity_randomisation", "sanity_perturbation"}
TRAINING = {"train_mnist", "network_limits", "models", "attribute"}
TRAINING |= {"completeness", "explain", "ggig", "robust_explain"} | MEASURING
TIMING = {"time_solvers", "solvers", "solver_scaling"}


def test_everything_is_made(finished):
    results = finished.folder / "results" / "demo"
    figures = ["mnist_ood", "robust", "solver_scaling", "ggig"]
    figures += ["sanity_randomisation", "sanity_perturbation"]
    for name in (f"figures/{figure}" for figure in figures):
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
    robust = pd.read_csv(results / "tables/robust.csv")
    assert robust["network"].iloc[0] == "mnist_mlp"
    assert robust[["digits", "no_set", "proven", "minimal"]].iloc[0].tolist() == [1, 0, 1, 1]
    assert 0 <= robust["mean_size"].iloc[0] <= 16  # windows of 7 x 7 pixels
    checks = pd.read_csv(results / "tables/sanity.csv")
    assert checks["check"].tolist() == ["cascading", "untrained", "independent", "perturbation"]
    assert (checks["method"] == "gradients").all()
    curves = pd.read_csv(results / "tables/attribution_curves.csv")
    assert curves["method"].tolist() == ["SMUG", "SMUG_base", "gradients"]
    assert (curves["n"] == 2).all()
    models = pd.read_csv(results / "tables/models.csv")
    assert models["model"].tolist() == ["mnist_mlp", "mnist_cnn"]


def test_results_say_where_they_come_from(finished):
    results = finished.folder / "results" / "demo"
    variant = "method.window=7"
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
        ("solver.timeout=19", SOLVING | TIMING | MEASURING),
        ("timing.timeout=19", TIMING),
        ("grid.inputs=2", SWEEPS),
        (
            "saliency.scoring=max",
            {"saliency", "mnist_ood"} | SCORED | PAGE | MEASURING,
        ),
        ("gallery.inputs=1", {"gallery_images", "gallery"}),
        ("sanity.noises=[0.02]", MEASURING),
        ("sanity.explainers.gradients.method=gradcam", MEASURING),
        ("ggig_figure.shown=2", {"ggig"}),
        ("sweep.figure_window=4", {"saliency", "mnist_ood"}),
        ("robust.time_limit=59", {"robust_explain", "robust"}),
        ("attribution.steps=50", {"attribute", "completeness"} | SOLVING | TIMING | MEASURING),
        ("model.learning_rate=0.002", TRAINING | SOLVING | TIMING),
        # The timings name their solvers themselves; the table of masks now has to.
        ("solver=z3", SOLVING | MEASURING),
        ("imagenet:method.gamma=0.5", set()),
    ],
)
def test_an_override_reruns_exactly_the_rules_that_read_it(finished, override, rules):
    assert finished.planned(f"{TINY} {override}") == rules


def test_another_network_reruns_what_explains_it_and_leaves_the_data(finished):
    planned = finished.planned(f"{TINY} mnist:model=mnist_cnn")
    assert planned >= {"attribute", "solve_masks", "explain"} | TIMING | MEASURING
    # The digits and this network's training are there: the figure of GGIG shows both networks.
    assert not planned & {"prepare_mnist", "train_mnist"}


def test_an_edited_value_reruns_its_rules_and_a_comment_none(finished):
    path = finished.folder / "conf" / "saliency" / "smug.yaml"
    before = path.read_text()
    try:
        path.write_text(before + "# a comment more\n")
        assert finished.planned() == set()
        path.write_text(before.replace("scoring: sum", "scoring: max"))
        assert finished.planned() == {"saliency", "mnist_ood"} | SCORED | PAGE | MEASURING
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
    assert not planned & {"prepare_mnist", "train_mnist"}


def test_an_edited_template_makes_the_page_anew(finished):
    path = finished.folder / "src/smug/figures/gallery/template.html"
    before = path.read_text()
    try:
        path.write_text(before + "\n")
        assert finished.planned() == {"gallery"}
    finally:
        path.write_text(before)


def test_the_gallery_shows_every_digit_and_its_links_lead_to_files(finished):
    results = finished.folder / "results" / "demo"
    text = (results / "gallery.html").read_text("utf-8")
    data = json.loads(re.search(r'type="application/json">(.*)</script>', text)[1])
    (digits,) = data["datasets"]
    assert digits["dataset"] == "mnist"
    assert [one["row"] for one in digits["inputs"]] == [0, 1]
    assert {"smug", "smug_base", "gradients"} <= set(digits["names"])
    links = [link for one in digits["inputs"] for link in one["files"].values()]
    links += [record["path"] for record in digits["records"]]
    assert len(links) > 10
    for link in links:
        assert (results / unquote(link)).is_file(), link


def test_the_report_is_written_without_a_network(finished):
    nowhere = {name: "http://127.0.0.1:9" for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")}
    result = subprocess.run(
        finished.command(
            "--report",
            "report.html",
            "--report-stylesheet",
            "workflow/report/style.css",
        ),
        cwd=finished.folder,
        env={**finished.environment, **nowhere},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    text = (finished.folder / "report.html").read_text("utf-8")
    assert (finished.folder / "workflow/report/style.css").read_text() in text
    results = json.loads(re.search(r"var results = (\{.*\});", text)[1])
    shown = {path.removeprefix("results/demo/"): found for path, found in results.items()}
    made = {
        str(path.relative_to(finished.folder / "results/demo"))
        for pattern in ("figures/*.png", "tables/*.csv")
        for path in (finished.folder / "results/demo").glob(pattern)
    }
    assert set(shown) == made
    assert "sweep.figure_window=7" in shown["figures/mnist_ood.png"]["caption"]
    caption = shown["tables/models.csv"]["caption"]
    assert "mnist_mlp" in caption
    assert "system-message" not in "".join(found["caption"] for found in results.values())


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
        (["--config", "gamma=0.5"], "the keys are override and container"),
    ],
)
def test_a_mistake_stops_at_once_and_is_named(fresh, words, said):
    command = fresh.command("--dry-run")[:-2] + words
    result = _run(fresh, command)
    assert result.returncode == 1
    assert said in result.stdout + result.stderr


def test_the_sweeps_start_from_masks_of_a_larger_gamma(finished):
    results = finished.folder / "results" / "demo"
    record = json.loads(
        (results / "solve_masks/mnist/method.top_k=4+method.gamma=0.0/0.json").read_text()
    )
    assert any("method.top_k=4/0.npz" in name for name in record["files"])  # gamma: the default
    table = pd.read_csv(results / "tables/topk_gamma.csv")
    table = table[table["top_k"].eq(4)]  # beside the grid stands the main setting
    assert table["gamma"].tolist() == [0.0, 0.5]
    assert table["mask_size"].is_monotonic_increasing


def test_the_papers_scale_stays_below_2000_jobs(fresh, tmp_path):
    root = tmp_path / "data"
    root.mkdir()
    override = f"scale=paper imagenet:dataset.root={root} beer:dataset.root={root}"
    result = fresh.run("--dry-run", override=override)
    text = result.stdout + result.stderr
    assert result.returncode == 0, text
    assert int(re.search(r"^total +(\d+)$", text, re.M)[1]) < 2000


def test_a_run_may_be_started_elsewhere(fresh, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    words = ["--dry-run", "-s", str(fresh.folder / "Snakefile"), "-d", str(elsewhere)]
    result = fresh.run(*words, "results/demo/attribute/mnist/0.npz")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "attribute" in result.stdout + result.stderr


def test_a_changed_table_is_neither_passed_over_nor_reported(finished):
    path = finished.folder / "results/demo/tables/mnist_masks.csv"
    before, times = path.read_bytes(), path.stat()
    try:
        for content in (b"", before[:-20], before.replace(b"1", b"2", 1)):
            path.write_bytes(content)
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
            for words in (["--dry-run"], ["--report", "never.html"]):
                result = finished.run(*words)
                assert result.returncode == 1
                assert "rm results/demo/tables/mnist_masks.csv" in result.stdout + result.stderr
            checked = finished.smug("check", "results/demo")
            assert checked.returncode == 1
            assert "results/demo/tables/mnist_masks.csv: " in checked.stdout
    finally:
        path.write_bytes(before)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert not (finished.folder / "never.html").exists()
    assert finished.smug("check", "results/demo").returncode == 0
    assert finished.planned() == set()


def test_a_flipped_bit_of_an_input_changes_no_table(finished):
    scores = finished.folder / "results/demo/score_masks/mnist.parquet"
    before = scores.read_bytes()
    flipped = bytearray(before)
    flipped[len(before) // 3] ^= 4
    try:
        scores.write_bytes(flipped)
        words = [f"io.{name}=other.{name}" for name in ("csv", "tex")]
        result = finished.job(
            "mnist_masks",
            "io.scores=results/demo/score_masks/mnist.parquet",
            *words,
            "io.record=other.json",
        )
    finally:
        scores.write_bytes(before)
    assert result.returncode == 1
    assert "score_masks/mnist.parquet is not the file that" in result.stderr
    assert not (finished.folder / "other.csv").exists()


def test_overridden_runs_have_their_own_folder(finished):
    everything = {"prepare_mnist"} | TRAINING | SOLVING | TIMING
    assert finished.planned(f"{TINY} workflow.run=other") == everything


def _run(project, command):
    return subprocess.run(
        command, cwd=project.folder, env=project.environment, capture_output=True, text=True
    )
