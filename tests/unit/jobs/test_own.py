"""Datasets that overrides alone name."""

import pytest

from smug.errors import SmugError
from smug.jobs import config, own
from smug.jobs.overrides import Override, parse_overrides
from smug.jobs.selection import Run

MINE = (
    "workflow.datasets=[mine,faces] mine:dataset.kind=table mine:dataset.root=/d/x.csv "
    "mine:model.file=/d/net.keras mine:method.top_k=5 "
    "faces:dataset.kind=images faces:dataset.root=/d/faces faces:model.file=nets:build"
)


def checked(text):
    parsed = parse_overrides(text)
    config.check_overrides(parsed)
    return parsed


def test_a_dataset_of_ones_own_takes_the_files_of_its_kind_and_gives_its_name():
    given = checked(MINE)
    mine, faces = (config.compose(name, given) for name in ("mine", "faces"))
    assert (mine["dataset"]["name"], mine["dataset"]["kind"]) == ("mine", "table")
    assert (mine["model"]["name"], mine["model"]["file"]) == ("mine", "/d/net.keras")
    assert mine["method"]["name"] == mine["grid"]["name"] == mine["sanity"]["name"] == "table"
    assert (mine["method"]["top_k"], faces["method"]["top_k"]) == (5, 100)
    assert faces["model"]["file"] == "nets:build"
    # Nothing of it is left in the kind itself.
    assert config.compose("table")["dataset"]["root"] is None


@pytest.mark.parametrize("stage", ["attribute", "prepare_table", "import_own", "solve_masks"])
def test_a_job_is_told_all_of_it_and_brings_it_back(stage):
    told = config.stage_config(stage, checked(MINE), dataset="mine")
    files = {file: "x" for file in ("root", "data", "model", "arrays", "attribution", "masks")}
    known = [file.name for file in config.signature(stage).files if not file.optional]
    words = [f"io.{name}={files.get(name, 'x')}" for name in known]
    again = config.from_words(stage, [*config.freeze(told), *words])
    assert again.plain == told
    if "model" in told:
        assert again.settings["model"].file == "/d/net.keras"
        assert again.settings["dataset"].name == "mine"


def test_a_run_holds_several_datasets_of_ones_own_by_their_kinds():
    run = Run(parse_overrides(f"{MINE} faces:dataset.colour=false"))
    assert run.own == ["mine", "faces"]
    assert run.own_of_kind("table") == ["mine"]
    assert run.of_kind("images") == ["faces"]
    assert run.of_kind("photographs") == []
    assert run.network("mine") == "results/demo/import_own/mine.keras"
    assert Run(parse_overrides(MINE)).of_kind("photographs") == ["faces"]


def test_an_onnx_file_stays_one_in_the_run():
    run = Run(parse_overrides(MINE.replace("net.keras", "net.onnx")))
    assert run.own_onnx == ["mine"]
    assert run.network("mine") == "results/demo/import_onnx/mine.onnx"
    assert run.network("faces") == "results/demo/import_own/faces.keras"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mine:model.file=x", r"'mine'; known: beer.*mine:dataset.kind=images\|texts\|table"),
        ("workflow.datasets=[mine]", "unknown workflow.datasets 'mine'"),
        ("workflow.datasets=[table]", "unknown workflow.datasets 'table'"),
        ("mine:dataset.kind=tables", "unknown dataset.kind 'tables'.*Did you mean 'table'"),
        ("Mine:dataset.kind=table", "Mine: cannot name a dataset; a name is small letters"),
        ("my-own:dataset.kind=table", "my-own: cannot name a dataset"),
        ("table:dataset.kind=table", "table: is a word of the project's own"),
        ("resnet50:dataset.kind=table", "resnet50: is a word of the project's own"),
        ("mnist:dataset.kind=table", "unknown dataset.kind 'table'; known: images"),
        ("mine:dataset.kind=table mine:dataset.rot=x", "unknown key 'dataset.rot'.*dataset.root"),
        ("mine:dataset.kind=table mine:model.preprocessing=unit", "unknown model.preprocessing"),
        ("mine:dataset.kind=table mine:model=mnist_mlp", "model=mnist_mlp does not fit"),
        ("mine:dataset.kind=table mine:sweep.windows=[2]", "no job of mine reads sweep.windows"),
        ("mine:dataset.kind=table mine:method.replacement=mean", "mean does not fit dataset=mine"),
        ("mine:dataset.kind=series mine:grid.replacements=[blur]", "known: zero, mean"),
        ("mine:dataset.kind=table mine:workflow.run=x", "leave out mine:"),
        ("mine:dataset.kind=table mine:dataset.text=x", "unknown key 'dataset.text'; known: data"),
        ("mine:dataset.kind=table mnist:dataset.columns=[x]", "unknown key 'dataset.columns'"),
        ("mine:dataset.kind=texts dataset.columns=[x]", "unknown key 'dataset.columns'"),
        ("mine:dataset.kind=table mine:dataset.columns=x", r"columns: holds a list, .*\[a,b\]"),
        (
            "mine:dataset.kind=texts mine:model=squeezenet",
            r"dataset=mine, which are texts; name your own network: mine:model.file=<file>",
        ),
    ],
)
def test_what_makes_no_dataset_is_named(text, said):
    with pytest.raises(SmugError, match=said):
        checked(text)


def test_inputs_and_network_are_looked_for_before_any_job(tmp_path):
    run = Run(parse_overrides(MINE.replace("/d/x.csv", str(tmp_path / "x.csv"))))
    with pytest.raises(SmugError, match=r"mine: no file .*x.csv; check dataset.root"):
        run.check()
    (tmp_path / "x.csv").write_text("a,label\n1,0\n")
    with pytest.raises(SmugError, match=r"mine: no file /d/net.keras; check model.file"):
        run.check()


PHOTOGRAPHS = "workflow.datasets=[mine] mine:dataset.kind=images mine:model=squeezenet "


def test_photographs_are_explained_by_a_network_that_comes_with_the_project(tmp_path):
    (tmp_path / "a.png").write_bytes(b"")
    run = Run(checked(f"{PHOTOGRAPHS} mine:dataset.root={tmp_path}"))
    run.check()
    assert run.own_of_kind("images") == ["mine"]
    assert run.own_onnx == []
    assert run.network("mine") == "results/demo/import_model/squeezenet.keras"
    # It is made with the settings of the dataset that it belongs to.
    assert "model=squeezenet" in run.frozen(
        "import_model",
        run.made_for("squeezenet"),
        [Override("model", "squeezenet")],
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            PHOTOGRAPHS.replace("squeezenet", "mnist_mlp"),
            "known: efficientnet_lite0, .*squeezenet; or",
        ),
        (PHOTOGRAPHS.replace("squeezenet", "imagenet_cnn"), "comes with no weights for images"),
        (
            PHOTOGRAPHS.replace("kind=images", "kind=table"),
            "does not fit the inputs of dataset=mine",
        ),
        ("mnist:model=squeezenet", "does not fit the inputs of dataset=mnist"),
    ],
)
def test_a_network_that_does_not_come_with_weights_for_photographs_is_named(text, said):
    with pytest.raises(SmugError, match=said):
        checked(text)


def test_texts_take_no_onnx_file(tmp_path, monkeypatch):
    monkeypatch.setattr(own, "check_network", lambda file: None)
    for name in ("t.csv", "v.txt", "n.onnx"):
        (tmp_path / name).write_text("text\nfine\n")
    given = (
        f"workflow.datasets=[mine] mine:dataset.kind=texts mine:dataset.root={tmp_path}/t.csv "
        f"mine:model.vocabulary={tmp_path}/v.txt mine:model.file={tmp_path}/n.onnx"
    )
    with pytest.raises(SmugError, match=r"mine: model.file=.*n.onnx: texts need a network whose"):
        Run(checked(given)).check()


def test_a_file_of_settings_is_stronger_than_the_scale_and_weaker_than_an_experiment(tmp_path):
    path = tmp_path / "my settings.yaml"
    path.write_text(
        "all:\n  workflow: {run: mine, datasets: [mine]}\n  attribution: {steps: 7}\n"
        "mine:\n  dataset: {kind: table, root: /d/x.csv}\n  method: {top_k: 4}\n"
        "mnist:\n  solver: {timeout: 9.0}\n"
    )
    given = checked(f"settings='{path}' mine:method.gamma=0.25")
    mine = config.compose("mine", given)
    assert mine["workflow"]["datasets"] == ["mine"]
    assert (mine["method"]["top_k"], mine["method"]["gamma"]) == (4, 0.25)
    assert config.compose("mnist", given)["solver"]["timeout"] == 9.0  # the demo scale says 2
    quick = config.compose("mine", checked(f"settings='{path}' experiment=quick"))
    assert quick["attribution"]["steps"] == 3
    path.write_text("mine:\n  dataset: {kind: series}\n")
    assert config.compose("mine", checked(f"settings='{path}'"))["dataset"]["kind"] == "series"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "no file of settings .*smug init"),
        ("- a\n", "is no list of overrides"),
        ("a: [\n", "is no list of overrides"),
        ("mine:\n  method: {top_k: 4}\n", "unknown dataset in .*'mine'"),
    ],
)
def test_a_file_that_holds_no_settings_is_named(text, said, tmp_path):
    path = tmp_path / "smug.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(SmugError, match=said):
        parse_overrides(f"settings={path}")


def test_the_last_kind_wins():
    words = [Override("dataset.kind", kind, "mine") for kind in ("table", "'series'")]
    assert own.own_kinds(words) == {"mine": "series"}
    assert own.base_of("mine", words) == "series"
