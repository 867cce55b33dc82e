"""Sanity checks of methods, and the figure of those that explore around the path."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from smug.errors import SmugError
from smug.jobs.settings.checks import all_of, at_least, not_empty, seeds_in_range
from smug.jobs.settings.meanings import Section, described

ORDERS = ("cascading", "independent")


@dataclass
class SanitySettings(Section):
    """Which methods are checked on a dataset, and how often.

    ``explainers`` holds one file of ``conf/explainer/`` for each method that can be checked, with
    settings of its own; ``methods`` names those that are. ``also`` names further networks, each
    with a file of its own in ``conf/sanity/``.
    """

    methods: list[str] = described("Methods that are checked, by their names in `explainers`.", [])
    inputs: int = described("Number of inputs that are checked, the first ones explained.")
    shard_size: int = described("Number of inputs that one job works on.")
    orders: list[str] = described(
        "Orders in which layers get random weights: `cascading` (from the top down) or "
        "`independent` (one at a time).",
        [],
    )
    levels: int = described("Number of steps that the layers are divided into, at most.")
    seeds: list[int] = described("Seeds of the random weights; each is a repetition.", [])
    noises: list[float] = described(
        "Standard deviations of the noise on the weights, as shares of each weight tensor's size.",
        [],
    )
    also: list[str] = described(
        "Further networks that are checked, each with a file of its own in `conf/sanity/`.", []
    )
    explainers: dict[str, Any] = described(
        "Settings of each method that can be checked, one file of `conf/explainer/` each.", {}
    )

    def __post_init__(self) -> None:
        all_of("sanity", self, "methods", self.explainers)
        all_of("sanity", self, "orders", ORDERS)
        for key in ("inputs", "shard_size", "levels"):
            at_least("sanity", self, key, 1)
        not_empty("sanity", self, "methods", "orders", "seeds")
        seeds_in_range("sanity", self, "seeds")
        if not all(0 < noise < math.inf for noise in self.noises):
            raise SmugError(
                f"sanity.noises={self.noises} must be above 0 and finite (shares of the weights)"
            )


@dataclass
class GgigFigureSettings(Section):
    """Which methods, networks and inputs the figure of GGIG shows."""

    methods: list[str] = described("Methods that the figure shows: files of `conf/explainer/`.", [])
    digit_models: list[str] = described(
        "Networks for digits that the figure shows: files of `conf/model/`.", []
    )
    shown: int = described("Number of inputs that the figure shows for each network.")

    def __post_init__(self) -> None:
        at_least("ggig_figure", self, "shown", 1)
