"""Sanity checks of methods, and the figure of those that explore around the path."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING

from smug.errors import SmugError
from smug.jobs.settings.checks import all_of, at_least, not_empty, seeds_in_range

ORDERS = ("cascading", "independent")


@dataclass
class SanitySettings:
    """Which methods are checked on a dataset, and how often.

    ``explainers`` holds one file of ``conf/explainer/`` for each method that can be checked, with
    settings of its own; ``methods`` names those that are. ``also`` names further networks, each
    with a file of its own in ``conf/sanity/``.
    """

    name: str = MISSING
    methods: list[str] = field(default_factory=list)
    inputs: int = MISSING
    shard_size: int = MISSING
    orders: list[str] = field(default_factory=list)
    levels: int = MISSING
    seeds: list[int] = field(default_factory=list)
    noises: list[float] = field(default_factory=list)
    also: list[str] = field(default_factory=list)
    explainers: dict[str, Any] = field(default_factory=dict)

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
class GgigFigureSettings:
    """Which methods, networks and inputs the figure of GGIG shows."""

    name: str = MISSING
    methods: list[str] = field(default_factory=list)
    digit_models: list[str] = field(default_factory=list)
    shown: int = MISSING

    def __post_init__(self) -> None:
        at_least("ggig_figure", self, "shown", 1)
