import numpy as np
import pandas as pd
import pytest
from PIL import Image

from smug.datasets.own import sources
from smug.datasets.own.sources import (
    check_inputs,
    check_network,
    check_vocabulary,
    count_inputs,
    is_function,
)
from smug.errors import SmugError


def section(kind, root, **others):
    return {"kind": kind, "root": None if root is None else str(root), "label": None, **others}


def test_a_function_is_told_from_a_file():
    assert is_function("my.models:build")
    assert not is_function("my/models.keras")
    assert not is_function("C:/my.keras")


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (None, "model.file=null"),
        ("nowhere.keras", "no file nowhere.keras; check model.file"),
        ("net.onnx", "no file net.onnx; check model.file"),
        ("net.pt", r"no network that can be read; give a file \(.keras, .h5, .onnx\) or module:"),
    ],
)
def test_a_network_that_cannot_be_read_is_named_before_any_job_runs(file, said):
    with pytest.raises(SmugError, match=said):
        check_network(file)
    check_network("package.module:function")


def test_a_saved_model_is_refused_before_any_job_runs(tmp_path):
    (tmp_path / "saved_model.pb").touch()
    with pytest.raises(
        SmugError, match=r"is a SavedModel, and the workflow's masks .*\.keras file"
    ):
        check_network(str(tmp_path))


@pytest.mark.parametrize(
    ("there", "backend", "said"),
    [
        (("onnx", "torch"), None, r"onnx2torch is not installed: pip install 'smug\[onnx\]'"),
        ((), "torch", "torch, onnx, onnx2torch is not installed"),
        (("onnx", "torch", "onnx2torch"), "jax", "runs on torch, and KERAS_BACKEND=jax; unset it"),
        (("onnx", "torch", "onnx2torch"), "torch", None),
        (("onnx", "torch", "onnx2torch"), None, None),
    ],
)
def test_an_onnx_file_needs_torch_before_any_job_runs(there, backend, said, tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "find_spec", lambda name: name if name in there else None)
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    if backend:
        monkeypatch.setenv("KERAS_BACKEND", backend)
    file = tmp_path / "net.onnx"
    file.touch()
    if said is None:
        check_network(str(file))
        return
    with pytest.raises(SmugError, match=said):
        check_network(str(file))


def test_inputs_are_counted_and_their_columns_are_looked_for(tmp_path):
    table = pd.DataFrame({"a": [1, 2, 3], "label": [0, 1, 0]})
    table.to_csv(tmp_path / "t.csv", index=False)
    table.to_parquet(tmp_path / "t.parquet")
    table.to_json(tmp_path / "t.jsonl", orient="records", lines=True)
    for ending in ("csv", "parquet", "jsonl"):
        found = section("table", tmp_path / f"t.{ending}", columns=["a"])
        check_inputs(found)
        assert count_inputs(found) == 3
        with pytest.raises(SmugError, match=r"unknown dataset.columns 'b'; known: a, label"):
            check_inputs(found | {"columns": ["b"]})
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    assert count_inputs(section("images", tmp_path)) == 1
    np.savez(tmp_path / "s.npz", x=np.zeros((2, 3)))
    check_inputs(section("series", tmp_path / "s.npz"))
    assert count_inputs(section("series", tmp_path / "s.npz")) is None
    assert count_inputs(section("table", tmp_path / "nowhere.csv")) is None


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [
        ("table", None, "dataset.root=null"),
        ("table", "nowhere.csv", "no file .*nowhere.csv"),
        ("table", "", "is a folder; dataset.root takes a file"),
        ("images", "nowhere", "no folder or table"),
        ("series", "s.wav", "no file"),
    ],
)
def test_inputs_that_are_not_there_are_named(kind, name, said, tmp_path):
    with pytest.raises(SmugError, match=said):
        check_inputs(section(kind, None if name is None else tmp_path / name))


def test_a_vocabulary_that_is_not_there_is_named(tmp_path):
    (tmp_path / "v.txt").write_text("")
    check_vocabulary(str(tmp_path / "v.txt"))
    for file, said in ((None, "null"), ("nowhere.txt", "nowhere.txt")):
        with pytest.raises(SmugError, match=f"model.vocabulary={said}: name the file"):
            check_vocabulary(file)
