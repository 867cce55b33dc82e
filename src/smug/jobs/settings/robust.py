"""Robust sets that the workflow looks for."""

from __future__ import annotations

from dataclasses import dataclass

from smug.errors import SmugError
from smug.jobs.settings.meanings import Section, described
from smug.limits import COUNT, RANGES


@dataclass
class RobustSettings(Section):
    """Digits and ranges whose robust sets are looked for."""

    section = "robust"

    digits: int = described(
        "Number of digits whose robust sets are looked for, the first ones explained.",
        allowed=COUNT,
    )
    epsilons: list[float] = described(
        "How far pixels outside a set may move, in turn; with 1, over their whole range.",
        [],
        allowed=RANGES["epsilon"],
    )
    windows: list[int] = described(
        "Sides of the windows that the sets are made of (pixels), one for each of `epsilons`.",
        [],
        allowed=RANGES["window"],
        repeats=True,
    )
    margin: float = described("Lead, in logits, that counts as keeping the class.")
    time_limit: float = described("Time limit for each set (seconds).")
    figure_epsilon: float = described("Which of `epsilons` the figure shows counterexamples of.")

    def __post_init__(self) -> None:
        super().__post_init__()
        self.not_empty("epsilons")
        if len(self.windows) != len(self.epsilons):
            raise SmugError(
                f"robust.windows={self.windows} are not one for each of "
                f"robust.epsilons={self.epsilons}; give as many"
            )
        if self.figure_epsilon not in self.epsilons:
            raise SmugError(
                f"robust.figure_epsilon={self.figure_epsilon} is not in "
                f"robust.epsilons={self.epsilons}"
            )
