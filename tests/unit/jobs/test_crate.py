"""Archives of finished runs: every record becomes a step, and all that is named is there."""

import builtins
import json
import zipfile

import pytest

from smug.errors import SmugError
from smug.io import save_arrays
from smug.jobs.crate import write_crate
from smug.jobs.records import write_record


@pytest.fixture
def results(tmp_path):
    """Folder of a run of two steps: masks, and a table made of them."""
    run = tmp_path / "results" / "demo"
    masks, table = run / "solve_masks" / "mnist" / "0.npz", run / "tables" / "masks.csv"
    for path in (masks, table):
        path.parent.mkdir(parents=True)
    save_arrays(masks, {"mask": [True, False]})
    table.write_text("size\n1\n")
    gamma = {"method": {"gamma": 0.5, "response": "a b"}}
    io = {"masks": [str(masks)], "record": [str(masks.with_suffix(".json"))]}
    write_record(masks.with_suffix(".json"), "solve_masks", gamma, io, {}, {"seconds": 2.0})
    io = {"masks": [str(masks)], "csv": [str(table)], "record": [str(table.with_suffix(".json"))]}
    write_record(table.with_suffix(".json"), "mnist_masks", gamma, io, {}, {"seconds": 1.0})
    return run


def read(path):
    """Names in an archive, and its entities by their identifier."""
    with zipfile.ZipFile(path) as archive:
        graph = json.loads(archive.read("ro-crate-metadata.json"))["@graph"]
        return archive.namelist(), {entity["@id"]: entity for entity in graph}


def ids(found):
    """Identifiers that a property refers to."""
    return [one["@id"] for one in (found if isinstance(found, list) else [found])]


@pytest.mark.parametrize("arrays", [False, True])
def test_each_record_is_a_step_with_its_files_settings_and_time(results, tmp_path, arrays):
    path = tmp_path / "demo.crate.zip"
    assert write_crate(results, path, arrays=arrays) == 2
    names, entities = read(path)
    assert len(names) == len(set(names))
    held = {name for name in names if name.startswith("results/")}
    masks = "results/solve_masks/mnist/0.npz"
    assert (masks in held) == arrays
    assert held >= {"results/tables/masks.csv", "results/tables/masks.json"}
    steps = [e for e in entities.values() if e["@id"].startswith("#action-")]
    by_tool = {step["instrument"]["@id"]: step for step in steps}
    assert set(by_tool) == {"#tool-solve_masks", "#tool-mnist_masks"}
    table = by_tool["#tool-mnist_masks"]
    assert set(ids(table["result"])) == {"results/tables/masks.csv", "results/tables/masks.json"}
    settings = {entities[i]["name"]: entities[i]["value"] for i in ids(table["object"]) if "#" in i}
    assert settings == {"method.gamma": "0.5", "method.response": "a b"}
    assert (masks in ids(table["object"])) == arrays
    record = json.loads((results / "tables" / "masks.json").read_text())
    assert table["endTime"] == record["written"]
    assert table["startTime"] < table["endTime"]


def test_the_crate_holds_the_workflow_and_nothing_refers_to_nowhere(results, tmp_path):
    path = tmp_path / "demo.crate.zip"
    write_crate(results, path)
    names, entities = read(path)
    assert entities["./"]["mainEntity"] == {"@id": "workflow/Snakefile"}
    assert {"workflow/Snakefile", "workflow/rules/stage.smk", "conf/config.yaml"} <= set(names)
    assert ids(entities["#run"]["result"]) == ["results/tables/masks.csv"]
    control = entities[ids(entities["#organised"]["object"])[0]]
    assert entities[control["object"]["@id"]]["@type"] == "CreateAction"
    for entity in entities.values():
        referred = (one for found in entity.values() for one in found if isinstance(found, list))
        for one in [*referred, *entity.values()]:
            if isinstance(one, dict) and not one["@id"].startswith("http"):
                assert one["@id"] in entities
    files = [e["@id"] for e in entities.values() if "File" in e["@type"]]
    assert set(files) <= set(names)


def test_damaged_results_are_not_archived(results, tmp_path):
    (results / "tables" / "masks.csv").write_text("size\n2\n")
    path = tmp_path / "demo.crate.zip"
    with pytest.raises(SmugError, match=r"1 results .*masks\.csv; see them with: smug check"):
        write_crate(results, path)
    assert not path.exists()


def test_without_its_package_the_extra_is_named(results, tmp_path, monkeypatch):
    known = builtins.__import__

    def without(name, *rest):
        if name.startswith("rocrate"):
            raise ImportError
        return known(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(SmugError, match=r"pip install 'smug\[crate\]'"):
        write_crate(results, tmp_path / "demo.crate.zip")
