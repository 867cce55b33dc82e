"""Put the gallery page together; whatever it shows stands inside it."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jinja2
from markupsafe import Markup

#: Measures in the order of the table, by kind of input: key, name, better way, whether a share.
METRICS = {
    "pictures": (
        ("lsc", "LSC", "↓", False),
        ("sparsity", "sparsity", "↓", True),
        ("insertion", "insertion", "↑", False),
        ("deletion", "deletion", "↓", False),
        ("softmax_information", "softmax information", "↑", False),
        ("accuracy_information", "accuracy information", "↑", False),
        ("confidence", "probability of the box's crop", "", False),
        ("area", "area of the box", "", True),
        ("calls", "network calls", "", False),
        ("seconds", "seconds", "↓", False),
    ),
    "words": (
        ("roc_auc", "ROC AUC", "↑", False),
        ("best_f1", "best F1", "↑", False),
        ("best_mae", "best MAE", "↓", False),
        ("words", "words kept", "↓", False),
        ("sparsity", "sparsity", "↓", True),
        ("sufficiency", "kept words alone", "↑", False),
        ("comprehensiveness", "drop without them", "↑", False),
    ),
}

_FOLDER = Path(__file__).parent


def gallery_page(
    run: str,
    datasets: Sequence[Mapping[str, Any]],
    folder: str | Path,
) -> str:
    """Build the page.

    Parameters
    ----------
    run : str
        Name of the run.
    datasets : sequence of mappings
        What the stages ``gallery_images`` and ``gallery_texts`` wrote about each dataset.
    folder : path
        Folder the page will stand in; links to files are relative to it.

    Returns
    -------
    str
        A complete HTML document. Its content security policy allows its own script and style by
        their hashes, pictures inside the page, and nothing else. All text is data for the script,
        which inserts it as text.
    """
    style = _read("style.css")
    script = _read("script.js")
    policy = {
        "default-src": "'none'",
        "img-src": "data:",
        "style-src": _source(style),
        "script-src": _source(script),
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER), autoescape=True, undefined=jinja2.StrictUndefined
    )
    commits = {record["commit"] for data in datasets for record in data["records"]}
    return environment.get_template("template.html").render(
        policy="; ".join(f"{name} {value}" for name, value in policy.items()),
        style=Markup(style),
        script=Markup(script),
        data=script_json(
            {
                "datasets": [_with_links(data, Path(folder)) for data in datasets],
                "metrics": {
                    kind: [
                        dict(zip(("key", "name", "better", "share"), metric, strict=True))
                        for metric in metrics
                    ]
                    for kind, metrics in METRICS.items()
                },
            }
        ),
        run=run,
        datasets=len(datasets),
        commits=sorted(commits),
    )


def script_json(content: Any) -> Markup:
    """JSON that can stand inside a script element: no sign in it opens or closes an element."""
    text = json.dumps(content, ensure_ascii=True, allow_nan=False)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)


def _with_links(data: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The same data with links relative to a folder in place of paths."""
    inputs = [
        {**one, "files": {name: _link(path, folder) for name, path in one["files"].items()}}
        for one in data["inputs"]
    ]
    records = [{**record, "path": _link(record["path"], folder)} for record in data["records"]]
    return {**data, "inputs": inputs, "records": records}


def _link(path: str, folder: Path) -> str:
    return quote(Path(os.path.relpath(path, folder)).as_posix())


def _read(name: str) -> str:
    return (_FOLDER / name).read_text("utf-8")


def _source(text: str) -> str:
    """Name a script or style in a content security policy by its hash."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
