"""Sanity checks of methods, and the figure of those that explore around the path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from smug.errors import unknown_name
from smug.jobs.settings.meanings import Section, described
from smug.limits import COUNT, NAMES, NOT_NEGATIVE, POSITIVE, SEEDS


@dataclass
class SanitySettings(Section):
    """Methods that are checked on a dataset, and the changes of the network.

    ``explainers`` holds one file of ``conf/explainer/`` for each method that can be checked, with
    settings of its own; ``methods`` names those that are. ``also`` names further networks, each
    with a file of its own in ``conf/sanity/``.
    """

    section = "sanity"

    methods: list[str] = described("Methods that are checked, by their names in `explainers`.", [])
    inputs: int = described(
        "Number of inputs that are checked, the first ones explained.", allowed=COUNT
    )
    shard_size: int = described("Number of inputs that one job works on.", allowed=COUNT)
    orders: list[str] = described(
        "Orders in which layers get random weights: `cascading` (from the top down), "
        "`independent` (one at a time) or `bottom_up` (from the input up).",
        [],
        allowed=NAMES["order"],
    )
    levels: int = described(
        "Number of steps that the layers are divided into, at most.", allowed=COUNT
    )
    seeds: list[int] = described(
        "Seeds of the random weights; each is a repetition.", [], allowed=SEEDS
    )
    noises: list[float] = described(
        "Standard deviations of the noise on the weights, as shares of each weight tensor's size.",
        [],
        allowed=POSITIVE,
    )
    draws: int = described(
        "Number of noisy inputs for each input that smooth randomisation and max-sensitivity "
        "explain; 0 leaves both out.",
        allowed=NOT_NEGATIVE,
    )
    also: list[str] = described(
        "Further networks that are checked, each with a file of its own in `conf/sanity/`.", []
    )
    explainers: dict[str, Any] = described(
        "Settings of each method that can be checked, one file of `conf/explainer/` each.", {}
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        for method in self.methods:
            if method not in self.explainers:
                raise unknown_name("sanity.methods", method, self.explainers)
        self.not_empty("methods", "orders", "seeds")


@dataclass
class GgigFigureSettings(Section):
    """Methods, networks and inputs that the figure of GGIG shows."""

    section = "ggig_figure"
    heard = ()

    methods: list[str] = described("Methods that the figure shows: files of `conf/explainer/`.", [])
    digit_models: list[str] = described(
        "Networks for digits that the figure shows: files of `conf/model/`.", []
    )
    shown: int = described(
        "Number of inputs that the figure shows for each network.", allowed=COUNT
    )
