"""Groups of ``conf/``: its folders, and the names of the files in them."""

from __future__ import annotations

from pathlib import Path

import yaml

from smug.errors import SmugError

ROOT = Path(__file__).resolve().parents[3]
CONF = ROOT / "conf"


def datasets() -> list[str]:
    """Names of all datasets: every file in ``conf/dataset/``."""
    return files("dataset")


def files(group: str) -> list[str]:
    """Names of the files of a group."""
    if not CONF.is_dir():
        raise SmugError(f"no folder {CONF}; the workflow needs a checkout of the repository")
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


def networks(dataset: str) -> list[str]:
    """Names of the files in ``conf/model/`` whose networks take the inputs of a dataset."""
    return [
        name
        for name in files("model")
        if dataset in yaml.safe_load((CONF / "model" / f"{name}.yaml").read_text())["datasets"]
    ]
