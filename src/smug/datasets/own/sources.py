"""Files and functions that the user's own settings name, looked at before any job runs."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from smug.errors import SmugError
from smug.io import is_saved_model
from smug.threads import is_onnx

#: A function of Python code, ``module:function``.
_FUNCTION = re.compile(r"([A-Za-z_][\w.]*):([A-Za-z_]\w*)")
#: Endings of files of networks, of arrays, and of tables that are read line by line.
NETWORKS, ARRAYS, _LINES = (".keras", ".h5", ".onnx"), (".npz", ".npy"), (".csv", ".tsv", ".jsonl")


def is_function(file: str) -> bool:
    """True if a network is made by ``module:function``, and read from no file."""
    return _FUNCTION.fullmatch(file) is not None


def check_network(file: str | None) -> None:
    """Refuse a network that is neither a file nor a function, before Keras is loaded.

    Raises
    ------
    SmugError
        No name, no such file, a file of another kind, a SavedModel folder, or a file in ONNX that
        nothing here can run.
    """
    if file is None:
        raise SmugError("model.file=null: name your network's .keras file, or module:function")
    if is_function(file):
        return
    path = Path(file)
    if is_saved_model(path):
        raise closed_network(file)
    if path.suffix.lower() not in NETWORKS:
        raise SmugError(
            f"model.file={file} is no network that can be read; give a file "
            f"({', '.join(NETWORKS)}) or module:function"
        )
    if not path.is_file():
        raise SmugError(f"no file {file}; check model.file")
    if is_onnx(file):
        _check_runs_onnx(file)


def closed_network(file: str) -> SmugError:
    """Error for a SavedModel, which has no layers to look into."""
    return SmugError(
        f"model.file={file} is a SavedModel, and the workflow's masks rest on the first layer of a "
        "network, which a SavedModel does not show: save the network as a .keras file, or explain "
        'it by smug.explain(smug.load(folder), x, method="sis")'
    )


def _check_runs_onnx(file: str) -> None:
    missing = [name for name in ("torch", "onnx", "onnx2torch") if find_spec(name) is None]
    if missing:
        raise SmugError(
            f"model.file={file}: an ONNX file runs on torch, and {', '.join(missing)} is not "
            "installed: pip install 'smug[onnx]', or save the network as a Keras model (.keras)"
        )
    backend = os.environ.get("KERAS_BACKEND", "torch")
    if backend != "torch":
        raise SmugError(
            f"model.file={file}: an ONNX file runs on torch, and KERAS_BACKEND={backend}; unset "
            "it: the jobs of this dataset then choose torch, and all others TensorFlow"
        )


def check_vocabulary(file: str | None) -> None:
    """Refuse a list of words that is not there."""
    if file is None or not Path(file).is_file():
        raise SmugError(
            f"model.vocabulary={file or 'null'}: name the file of your network's words, one a line "
            "from id 0 on"
        )


def check_inputs(section: Mapping[str, Any]) -> None:
    """Refuse a section ``dataset`` whose files or columns are not there.

    Raises
    ------
    SmugError
        Names the file or the column, and what there is.
    """
    root = section["root"]
    if root is None:
        raise SmugError("dataset.root=null: name the folder or file of the inputs")
    if section["kind"] == "images":
        from smug.datasets.own.images import list_images

        list_images(root, section["label"])
        return
    from smug.datasets.own.tables import READERS, check_columns, check_file, head_of

    path = Path(root)
    arrays = ARRAYS if section["kind"] == "series" else ()
    check_file(path, (*READERS, *arrays))
    if path.suffix.lower() in READERS:
        head = head_of(path)
        for key in ("label", "ids", "columns", "one_hot", "codes", "text", "rationale"):
            given = section.get(key) or ()
            names = [given] if isinstance(given, str) else given
            check_columns(head, names, f"dataset.{key}", root)


def count_inputs(section: Mapping[str, Any]) -> int | None:
    """Number of inputs that a section ``dataset`` can have at most; None where nobody knows yet."""
    path = Path(section["root"] or "")
    ending = path.suffix.lower()
    if not path.exists():
        return None
    if section["kind"] == "images":
        from smug.datasets.own.images import list_images

        return len(list_images(path, section["label"]))
    if ending in _LINES:
        with open(path, "rb") as lines:
            rows = sum(1 for line in lines if line.strip())
        return max(rows - (ending != ".jsonl"), 1)
    if ending == ".parquet":
        from pyarrow.parquet import read_metadata

        return int(read_metadata(path).num_rows)
    return None
