"""Checks of values against other sections, and of names against the files in ``conf/``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from smug.errors import SmugError, unknown_name
from smug.jobs.groups import inputs_of, networks
from smug.masks.solvers import solvers_of

#: Lists of names (section, key), and the group whose files are meant.
_NAMES_OF_FILES = {
    ("workflow", "datasets"): "dataset",
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
        dataset, model = sections["dataset"]["name"], sections["model"]
        if inputs_of(dataset) not in model["datasets"]:
            raise _unfit(dataset, model["name"])
    for name in sections.get("ggig_figure", {}).get("digit_models", ()):
        if name not in networks("mnist"):
            raise _unfit("mnist", name)
    if sections.get("method", {}).get("encoding") == "network":
        _check_network_solvers(sections)
    if sections.get("dataset", {}).get("kind") == "texts":
        _check_replacements_of_words(sections)


def _unfit(dataset: str, model: str) -> SmugError:
    return SmugError(
        f"model={model} does not fit the inputs of dataset={dataset}; "
        f"known: {', '.join(networks(dataset))}; for one dataset alone: <dataset>:model=<name>"
    )


def _check_replacements_of_words(sections: Mapping[str, Mapping[str, Any]]) -> None:
    for section, key in (("method", "replacement"), ("grid", "replacements")):
        given = sections.get(section, {}).get(key, ())
        if "blur" in ([given] if isinstance(given, str) else given):
            raise SmugError(
                f"{section}.{key}: blur is of images, dataset={sections['dataset']['name']} holds "
                f"texts; known: zero, mean; for one dataset alone: <dataset>:{section}.{key}=blur"
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
