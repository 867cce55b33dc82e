"""Checks of values against other sections, and of names against the files in ``conf/``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from smug.errors import SmugError, unknown_name
from smug.masks.solvers import solvers_of

#: Networks that fit the inputs of each dataset: files of ``conf/model/``.
NETWORKS = {
    "mnist": ("mnist_mlp", "mnist_cnn"),
    "imagenet": (
        "applications",
        "efficientnet_lite0",
        "googlenet",
        "imagenet_cnn",
        "inception_v1",
        "inception_v3",
        "resnet50",
    ),
    "beer": ("text_cnn",),
}

#: Lists of names (section, key), and the group whose files are meant.
_NAMES_OF_FILES = {
    ("workflow", "datasets"): "dataset",
    ("comparison", "explainers"): "explainer",
    ("ggig_figure", "methods"): "explainer",
}


def check_together(
    sections: Mapping[str, Mapping[str, Any]], files: Callable[[str], Collection[str]]
) -> None:
    """Refuse sections that are well formed each, but do not go together.

    Parameters
    ----------
    sections : mapping
        A composed configuration, or the part of it that a stage reads.
    files : callable
        From a group of ``conf/`` to the names of its files.

    Raises
    ------
    SmugError
        Names the keys, the values and what is allowed.
    """
    for (section, key), group in _NAMES_OF_FILES.items():
        for name in sections.get(section, {}).get(key, ()):
            if name not in files(group):
                raise unknown_name(f"{section}.{key}", name, files(group))
    if {"dataset", "model"} <= set(sections):
        _check_network(sections["dataset"]["name"], sections["model"]["name"])
    for name in sections.get("ggig_figure", {}).get("digit_models", ()):
        _check_network("mnist", name)
    if sections.get("method", {}).get("encoding") == "network":
        _check_network_solvers(sections)


def _check_network(dataset: str, model: str) -> None:
    if model not in NETWORKS[dataset]:
        raise SmugError(
            f"model={model} does not fit the inputs of dataset={dataset}; "
            f"known: {', '.join(NETWORKS[dataset])}; for one dataset alone: <dataset>:model=<name>"
        )


def _check_network_solvers(sections: Mapping[str, Mapping[str, Any]]) -> None:
    wanted = {
        "solver": [sections["solver"]["name"]] if "solver" in sections else [],
        "timing.solvers": sections.get("timing", {}).get("solvers", []),
    }
    for key, solvers in wanted.items():
        for solver in solvers:
            if solver not in solvers_of("network"):
                raise SmugError(
                    f"{key}: {solver} does not take method.encoding=network; "
                    f"known: {', '.join(solvers_of('network'))}"
                )
