"""Checks of values against other sections, and of names against the files in ``conf/``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from smug.errors import SmugError, unknown_name
from smug.jobs.groups import datasets, in_format, inputs_of, networks, packaged_networks
from smug.masks.solvers import solvers_of

#: Lists of names (section, key), and the group whose files are meant.
_NAMES_OF_FILES = {
    ("comparison", "explainers"): "explainer",
    ("ggig_figure", "methods"): "explainer",
    ("model", "datasets"): "dataset",
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
        _check_network(sections["dataset"], sections["model"])
    digits = in_format("mnist")
    for name in sections.get("ggig_figure", {}).get("digit_models", ()):
        if not any(name in networks(dataset) for dataset in digits):
            raise _unfit(digits[0], name)
    if sections.get("method", {}).get("encoding") == "network":
        _check_network_solvers(sections)
    _check_replacements(sections)


def _check_network(dataset: Mapping[str, Any], model: Mapping[str, Any]) -> None:
    name = dataset["name"]
    if name == model["name"] or inputs_of(name) in model["datasets"]:
        return
    if name in datasets():
        raise _unfit(name, model["name"])
    if dataset["kind"] != "images":
        raise SmugError(
            f"model={model['name']} does not fit the inputs of dataset={name}, which are "
            f"{dataset['kind']}; name your own network: {name}:model.file=<file>"
        )
    if model["name"] not in packaged_networks():
        raise SmugError(
            f"model={model['name']} comes with no weights for images of your own; known: "
            f"{', '.join(packaged_networks())}; or your own: {name}:model.file=<file>"
        )


def _unfit(dataset: str, model: str) -> SmugError:
    return SmugError(
        f"model={model} does not fit the inputs of dataset={dataset}; "
        f"known: {', '.join(networks(dataset))}; for one dataset alone: <dataset>:model=<name>"
    )


#: Replacements that inputs of a kind have, and why not the others; images have all.
_REPLACEMENTS = {
    "texts": (("zero", "mean"), "blur is of images"),
    "series": (("zero", "mean"), "blur is of images"),
    "table": (("zero",), "a mean over columns of different meaning says nothing"),
}


def _check_replacements(sections: Mapping[str, Mapping[str, Any]]) -> None:
    dataset = sections.get("dataset", {})
    if dataset.get("kind") not in _REPLACEMENTS:
        return
    known, why = _REPLACEMENTS[dataset["kind"]]
    for section, key in (("method", "replacement"), ("grid", "replacements")):
        given = sections.get(section, {}).get(key, ())
        for name in [given] if isinstance(given, str) else given:
            if name not in known:
                raise SmugError(
                    f"{section}.{key}: {name} does not fit dataset={dataset['name']}, which holds "
                    f"{dataset['kind']}: {why}; known: {', '.join(known)}; for one dataset alone: "
                    f"<dataset>:{section}.{key}={name}"
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
