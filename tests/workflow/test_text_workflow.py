"""The half of the workflow that reads reviews, at its smallest."""

import json
import zipfile

import pandas as pd
import pytest

from ..browser import Browser
from .conftest import Project

TINY = (
    "workflow.datasets=[beer] beer:dataset.explained=3 beer:dataset.shard_size=3 "
    "beer:dataset.generated_train=120 beer:dataset.generated_heldout=30 beer:dataset.validation=10 "
    "beer:dataset.num_words=300 beer:dataset.max_words=120 beer:model.embedding=8 "
    "beer:model.filters=16 beer:model.epochs=3 beer:method.top_k=20 "
    "attribution.steps=16 "
    "beer:comparison.explainers=[gradients] beer:timing.solvers=[highs] beer:timing.top_k=[5] "
    "beer:timing.inputs=1 beer:sanity.inputs=1 beer:sanity.seeds=[0]"
)
READING = {"score_texts", "text_rationales", "text_metrics", "text_saliency", "gallery_texts"}
READING |= {"eraser", "gallery"}
SOLVING = {"solve_masks", "saliency"} | READING
TIMING = {"time_solvers", "solvers", "solver_scaling"}
MODEL = {"models", "attribute", "completeness", "explain", "sufficient_words"} | SOLVING | TIMING


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A project in which the tiny run on reviews is done."""
    project = Project(tmp_path_factory.mktemp("text"))
    result = project.run(override=TINY)
    assert result.returncode == 0, result.stdout + result.stderr
    return project


def test_page_figure_and_table_are_made_and_say_generated(finished):
    results = finished.folder / "results" / "demo"
    page = (results / "figures/text_saliency.html").read_text("utf-8")
    assert "generated reviews" in page
    assert page.count("<section>") == 3
    for name in ("SIS", "smallest set", "SMUG", "SMUG, gamma 0.5", "SMUG_base", "gradients"):
        assert f"<h3>{name}</h3>" in page
    assert (results / "figures/text_saliency.png").read_bytes().startswith(b"\x89PNG")
    assert (results / "figures/text_saliency.pdf").read_bytes().startswith(b"%PDF")
    table = pd.read_csv(results / "tables/text_rationales.csv")
    assert set(table["reviews"]) == {"generated"}
    assert "GENERATED" in (results / "tables/text_rationales.tex").read_text()
    estimate = table.set_index(["method", "metric"])["estimate"]
    assert estimate["smallest set", "words"] <= estimate["SIS", "words"]
    assert estimate["smallest set", "proven"] == 1
    assert estimate["smallest set", "confirmed"] == estimate["SIS", "confirmed"] == 1
    half = estimate["SMUG, gamma 0.5", "sparsity"]
    assert estimate["SMUG", "sparsity"] <= half <= estimate["SMUG_base", "sparsity"]
    assert half > 0
    assert estimate["no word", "words"] == 0
    assert estimate["every word", "sparsity"] == 1
    assert 0 <= estimate["gradients", "roc_auc"] <= 1
    models = pd.read_csv(results / "tables/models.csv")
    assert models["dataset"].tolist() == ["beer (generated), aroma"]
    assert models["test_inputs"].tolist() == [20]
    labelled = ("completeness", "solvers", "topk_gamma", "ablations", "sanity")
    for name in (*labelled, "distinct_masks_beer"):
        assert set(pd.read_csv(results / f"tables/{name}.csv")["dataset"]) == {"beer (generated)"}


def test_the_archive_for_erasers_scorer_holds_every_review_and_method(finished):
    results = finished.folder / "results" / "demo"
    with zipfile.ZipFile(results / "tables/eraser.zip") as archive:
        lines = {name: archive.read(name).decode().splitlines() for name in archive.namelist()}
    assert "GENERATED" in "".join(lines.pop("README.txt"))
    methods = ("smug", "smug_gamma_0.5", "smug_base", "gradients", "sis", "smallest_set")
    files = {f"predictions/{method}.jsonl" for method in methods}
    assert set(lines) == {"docs.jsonl", "test.jsonl"} | files
    assert {len(found) for found in lines.values()} == {3}


def test_empty_masks_are_told_and_take_nothing_from_other_methods(finished):
    results = finished.folder / "results" / "demo"
    record = json.loads((results / "tables/text_rationales.json").read_text())["summary"]
    table = pd.read_csv(results / "tables/text_rationales.csv")
    estimate = table.set_index(["method", "metric"])["estimate"]
    assert record["empty_masks"] == {
        name: estimate[name, "empty"] for name in ("SMUG", "SMUG, gamma 0.5")
    }
    assert record["empty_masks"]["SMUG"] > 0
    assert "k = 20, gamma = 0, the response as the formula has it" in record["caption"]
    page = (results / "figures/text_saliency.html").read_text("utf-8")
    assert "the biases alone meet the demand" in page
    # As many words as the rationale marks, whatever SMUG keeps.
    assert estimate["gradients", "words"] > estimate["SMUG", "words"]


def test_the_page_fits_a_phone(finished, tmp_path):
    browser = Browser(tmp_path / "profile")
    try:
        page = finished.folder / "results/demo/figures/text_saliency.html"
        browser.open(page, width=360, phone=True)
        assert browser.value("innerWidth") == 360
        assert browser.value("document.documentElement.scrollWidth") <= 360
        assert browser.requests == [page.as_uri()]
        assert browser.complaints == []
    finally:
        browser.close()


def test_nothing_is_done_again_for_a_value_of_another_dataset(finished):
    assert finished.planned(f"{TINY} mnist:method.gamma=0.25") == set()


SWEEPS = {"score_grid", "topk_gamma", "masks_topk_gamma", "ablations", "distinct_masks"}
SANITY = {"score_sanity", "sanity", "stability", "sanity_randomisation", "sanity_perturbation"}


@pytest.mark.parametrize(
    ("override", "rules"),
    [
        ("sufficient_words.fraction=0.5", {"sufficient_words"} | READING),
        ("beer:dataset.aspect=2", {"prepare_beer", "train_text_cnn"} | MODEL | SWEEPS | SANITY),
    ],
)
def test_an_override_reruns_exactly_the_rules_that_read_it(finished, override, rules):
    assert finished.planned(f"{TINY} {override}") == rules


def test_the_trained_network_explains_a_text(finished):
    result = finished.smug("explain", "--text", "from the rim comes heavy spice and <b>hops</b>")
    assert result.returncode == 0, result.stderr
    assert "a network trained on: beer (generated), aroma" in result.stdout
    assert "&lt;b&gt;hops" in (finished.folder / "text.smug.html").read_text("utf-8")


def test_the_reviews_explained_are_those_asked_for(finished):
    record = json.loads((finished.folder / "results/demo/prepare_beer/record.json").read_text())
    assert record["summary"] == {
        "generated": True,
        "train": 120,
        "validation": 10,
        "test": 20,
        "explained": 3,
        "vocabulary": record["summary"]["vocabulary"],
    }
    assert record["summary"]["vocabulary"] < 300


def test_a_folder_without_the_files_is_named(finished):
    (finished.folder / "empty").mkdir()
    result = finished.job(
        "prepare_beer",
        "dataset=beer",
        "beer:dataset.source=files",
        "beer:dataset.root=empty",
        *(f"io.{name}=x.npz" for name in ("train", "validation", "test", "data")),
        "io.vocabulary=x.json",
        "io.record=x_record.json",
    )
    assert result.returncode == 1
    assert "no file reviews.aspect1.train.txt.gz in empty" in result.stderr
    assert "DATA.md" in result.stderr
