"""Variants of a run: names of changed settings, and which of them the results ask for.

A variant is ``main`` or the overrides that its name spells out, joined by ``+``. The functions read
the composed configuration of one dataset, sections by name (:func:`smug.jobs.config.compose`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from smug.datasets.available import available
from smug.errors import SmugError
from smug.jobs.groups import format_of, networks
from smug.jobs.overrides import Override

MAIN = "main"

#: Jobs of a step that Snakemake still plans within minutes.
MOST_SHARDS = 1000

#: A dataset's composed configuration: values by section and name.
Composed = Mapping[str, Mapping[str, Any]]


def kinds_of(chosen: Composed) -> tuple[str, ...]:
    """Kinds that a dataset is of: that of its inputs, and for images in colour ``photographs``."""
    kind = str(chosen["dataset"]["kind"])
    return (kind, "photographs") if chosen["dataset"].get("colour") else (kind,)


def overrides_of(variant: str) -> list[Override]:
    """Overrides that a variant's name spells out."""
    words = [] if variant == MAIN else variant.split("+")
    return [Override(*word.split("=", 1)) for word in words]


def variant_of(usual: Composed, changes: Mapping[str, Any]) -> str:
    """Name of a variant; a change that changes nothing is left out, so that no job runs twice."""

    def differs(key: str, value: Any) -> bool:
        section, _, name = key.partition(".")
        return bool(value != usual[section][name or "name"])

    words = [f"{key}={value}" for key, value in changes.items() if differs(key, value)]
    return "+".join(words) or MAIN


def main_variant(_: Composed) -> list[str]:
    """The dataset's own settings alone."""
    return [MAIN]


def compared(usual: Composed) -> list[str]:
    """The methods that a dataset compares beside SMUG."""
    return [f"explainer={name}" for name in usual["comparison"]["explainers"]]


def compared_baselines(usual: Composed) -> list[str]:
    """Those of the methods compared that are Integrated Gradients from some baseline."""
    return [variant for variant in compared(usual) if variant.startswith("explainer=ig_")]


def timed(usual: Composed) -> list[str]:
    """The solvers that a dataset times."""
    return [f"solver={solver}" for solver in usual["timing"]["solvers"]]


def both_gammas(usual: Composed) -> list[str]:
    """SMUG at the method's own gamma and at the one that the comparison sets beside it."""
    return [MAIN, f"method.gamma={usual['comparison']['gamma']}"]


def mask_variants(usual: Composed) -> list[str]:
    """Every setting of the table of masks: encoding x window x solver."""
    return [
        _mask_variant(usual, encoding, window, solver)
        for encoding in ("first_layer", "network")
        for window in usual["sweep"]["windows"]
        for solver in usual["sweep"][f"{encoding}_solvers"]
    ]


def drawn_mask_variant(usual: Composed, encoding: str) -> str:
    """The setting of the table of masks that a figure draws: the encoding's first solver."""
    return _drawn_variant(usual, encoding, usual["sweep"]["figure_window"])


def robust_mask_variant(usual: Composed, encoding: str) -> str:
    """The setting whose masks stand beside robust sets: of the finest of their windows."""
    return _drawn_variant(usual, encoding, min(usual["robust"]["windows"]))


def _drawn_variant(usual: Composed, encoding: str, window: int) -> str:
    return _mask_variant(usual, encoding, window, usual["sweep"][f"{encoding}_solvers"][0])


def _mask_variant(usual: Composed, encoding: str, window: int, solver: str) -> str:
    changes = {"method.encoding": encoding, "method.window": window, "solver": solver}
    return variant_of(usual, changes)


def grid_variants(usual: Composed) -> list[str]:
    """Every top_k with every gamma, gamma rising."""
    return [
        variant_of(usual, {"method.top_k": k, "method.gamma": gamma})
        for k in usual["grid"]["top_k"]
        for gamma in sorted(usual["grid"]["gamma"])
    ]


def sweep_variants(usual: Composed) -> list[str]:
    """Every setting that a dataset's sweeps try, once: the grid, and one setting changed alone."""
    grid = usual["grid"]
    windows = [variant_of(usual, {"method.window": window}) for window in grid["windows"]]
    rankings = [variant_of(usual, {"method.ranking": ranking}) for ranking in grid["rankings"]]
    alone = [*windows, *replacement_variants(usual), *rankings]
    return list(dict.fromkeys([MAIN, *grid_variants(usual), *alone]))


def replacement_variants(usual: Composed) -> list[str]:
    """The dataset's own settings with each replacement of its sweeps, its own first."""
    changes = ({"method.replacement": name} for name in usual["grid"]["replacements"])
    return list(dict.fromkeys([MAIN, *(variant_of(usual, change) for change in changes)]))


def start_variant(usual: Composed, variant: str) -> str | None:
    """Variant whose masks a search may start from: the next larger gamma of the grid.

    Masks that keep more also keep enough. The main setting starts from nothing: it does not wait
    for the sweeps.
    """
    known = grid_variants(usual)
    gammas = len(usual["grid"]["gamma"])
    if variant == MAIN or variant not in known:
        return None
    place = known.index(variant)
    return None if place % gammas == gammas - 1 else known[place + 1]


def sanity_variants(usual: Composed) -> list[str]:
    """The dataset's own network, and those whose methods are checked beside it."""
    also = [name for name in usual["sanity"]["also"] if name != usual["model"]["name"]]
    return [MAIN, *(f"model={name}+sanity={name}" for name in also)]


def guided_networks(usual: Composed) -> list[str]:
    """Networks in the figure of GGIG: those that it names for these inputs, else the own one."""
    known = networks(usual["dataset"]["name"])
    named = [name for name in usual["ggig_figure"]["digit_models"] if name in known]
    return named or [usual["model"]["name"]]


def guided_variants(usual: Composed) -> list[str]:
    """Every network and method of the figure of GGIG."""
    own = usual["model"]["name"]
    return [
        "+".join([f"explainer={method}", *([f"model={network}"] if network != own else [])])
        for network in guided_networks(usual)
        for method in usual["ggig_figure"]["methods"]
    ]


def shards(chosen: Composed) -> range:
    """Shard numbers of a dataset, 0 up: as many as its inputs fill, however many are wished for.

    Raises
    ------
    SmugError
        More than :data:`MOST_SHARDS`.
    """
    data = chosen["dataset"]
    return _numbered(_inputs(data), data["shard_size"], "dataset.explained", "dataset.shard_size")


def _inputs(data: Mapping[str, Any]) -> int:
    """Number of a dataset's inputs that are explained, at most."""
    wished = int(data["explained"])
    there = available(data, format_of(data["name"]))
    return wished if there is None else min(wished, there)


def _numbered(inputs: int, size: int, wish: str, key: str) -> range:
    """Numbers of the shards that some inputs fill."""
    count = math.ceil(inputs / size)
    if count > MOST_SHARDS:
        raise SmugError(
            f"{inputs} inputs in shards of {size} are {count} jobs of each step, more than "
            f"{MOST_SHARDS}; raise {key} or lower {wish}"
        )
    return range(count)


def first_shard(_: Composed) -> range:
    """The first shard alone."""
    return range(1)


def shown_shards(chosen: Composed) -> range:
    """Shards that hold the inputs shown in figures."""
    return _shards_of(chosen, chosen["comparison"]["shown"])


def grid_shards(chosen: Composed) -> range:
    """Shards that hold the inputs of the sweeps."""
    return _shards_of(chosen, chosen["grid"]["inputs"])


def gallery_shards(chosen: Composed) -> range:
    """Shards that hold the gallery's inputs."""
    return _shards_of(chosen, chosen["gallery"]["inputs"])


def robust_shards(chosen: Composed) -> range:
    """Shards that hold the digits whose robust sets are looked for."""
    return _shards_of(chosen, chosen["robust"]["digits"])


def _shards_of(chosen: Composed, inputs: int) -> range:
    """Shards that hold a dataset's first inputs."""
    count = math.ceil(inputs / chosen["dataset"]["shard_size"])
    return range(min(count, len(shards(chosen))))


def sanity_shards(chosen: Composed) -> range:
    """Shard numbers of the inputs whose maps are checked."""
    inputs = min(chosen["sanity"]["inputs"], _inputs(chosen["dataset"]))
    return _numbered(inputs, chosen["sanity"]["shard_size"], "sanity.inputs", "sanity.shard_size")


def solving_minutes(chosen: Composed) -> int:
    """Minutes that a shard's masks may take, each up to its limit, with half an hour more."""
    return _minutes(chosen["dataset"]["shard_size"] * chosen["solver"]["timeout"])


def robust_minutes(chosen: Composed) -> int:
    """Minutes that a shard's robust sets may take, as :func:`solving_minutes`."""
    sets = chosen["dataset"]["shard_size"] * len(chosen["robust"]["epsilons"])
    return _minutes(sets * chosen["robust"]["time_limit"])


def _minutes(seconds: float) -> int:
    return 30 + math.ceil(seconds / 60)
