"""What the workflow asks for: which runs, sweeps and comparisons."""

from __future__ import annotations

import re
from dataclasses import dataclass

from smug.errors import SmugError
from smug.jobs.settings.checks import above_zero, all_of, at_least, each_at_least, not_empty
from smug.jobs.settings.explanations import NETWORK_SOLVERS, RANKINGS, SCORINGS, SOLVERS
from smug.jobs.settings.meanings import Section, described


@dataclass
class WorkflowSettings(Section):
    """What the whole workflow asks for."""

    run: str = described("Name of the run; its results go to `results/<run>/`.")
    datasets: list[str] = described(
        "Datasets that the workflow explains: files of `conf/dataset/`.", []
    )

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", self.run):
            raise SmugError(
                f"workflow.run={self.run!r} names a folder under results/: letters, digits, _ . -"
            )
        not_empty("workflow", self, "datasets")


@dataclass
class TimingSettings(Section):
    """Which instances the solver comparison times."""

    solvers: list[str] = described("Solvers that are timed.", [])
    top_k: list[int] = described("Numbers of top nodes of the mask problems that are timed.", [])
    windows: list[int] = described(
        "Sides of the windows of the mask problems that are timed (pixels or words).", []
    )
    inputs: int = described("Number of inputs whose masks are timed.")
    timeout: float = described("Time limit for each mask (seconds).")

    def __post_init__(self) -> None:
        all_of("timing", self, "solvers", SOLVERS)
        not_empty("timing", self, "solvers", "top_k", "windows")
        for key in ("top_k", "windows"):
            each_at_least("timing", self, key, 1)
        at_least("timing", self, "inputs", 1)
        above_zero("timing", self, "timeout")


@dataclass
class MaskSweepSettings(Section):
    """Which masks the MNIST table and figure compare."""

    windows: list[int] = described("Sides of the windows that the masks are made of (pixels).", [])
    first_layer_solvers: list[str] = described("Solvers that find masks of the first layer.", [])
    network_solvers: list[str] = described("Solvers that find masks of the whole network.", [])
    figure_window: int = described(
        "Side of the windows of the masks that the figure shows (pixels)."
    )

    def __post_init__(self) -> None:
        if self.figure_window not in self.windows:
            raise SmugError(
                f"sweep.figure_window={self.figure_window} is not in sweep.windows={self.windows}"
            )
        all_of("sweep", self, "first_layer_solvers", SOLVERS)
        all_of("sweep", self, "network_solvers", NETWORK_SOLVERS)
        not_empty("sweep", self, "first_layer_solvers", "network_solvers")
        each_at_least("sweep", self, "windows", 1)


@dataclass
class NetworkLimitsSettings(Section):
    """Which whole networks, windows and leads the table of limits tries."""

    hidden: list[str] = described(
        "Whole networks that are tried: nodes of their hidden layers, like `64-64`.", []
    )
    windows: list[int] = described("Sides of the windows that the masks are made of (pixels).", [])
    lead_shares: list[float] = described(
        "Shares of the whole digit's lead over the other classes that the masked digit must keep.",
        [],
    )
    digits: int = described("Number of digits that are tried.")
    timeout: float = described("Time limit for each mask (seconds).")

    def __post_init__(self) -> None:
        for hidden in self.hidden:
            if not re.fullmatch(r"[1-9]\d*(-[1-9]\d*)*", hidden):
                raise SmugError(
                    f"network_limits.hidden={hidden!r}: nodes of the hidden layers, like '64-64'"
                )
        if not all(0 <= share < 1 for share in self.lead_shares):
            raise SmugError(f"network_limits.lead_shares={self.lead_shares} must lie in [0, 1)")
        not_empty("network_limits", self, "hidden", "windows", "lead_shares")
        each_at_least("network_limits", self, "windows", 1)
        at_least("network_limits", self, "digits", 1)
        above_zero("network_limits", self, "timeout")


@dataclass
class GridSettings(Section):
    """Which settings the sweeps of a dataset try, on the inputs of its first shard."""

    top_k: list[int] = described("Numbers of top nodes that the sweep tries.", [])
    gamma: list[float] = described("Shares of the response to keep that the sweep tries.", [])
    windows: list[int] = described(
        "Sides of the windows that the sweep tries (pixels or words).", []
    )
    rankings: list[str] = described("Rankings of the nodes that the sweep tries.", [])
    scorings: list[str] = described("Scorings of the inputs that the sweep tries.", [])
    solutions: int = described("Number of distinct smallest masks looked for.")
    inputs: int = described("Number of inputs of the first shard that the sweeps use.")
    shown: int = described("Number of inputs in the figure of masks.")

    def __post_init__(self) -> None:
        all_of("grid", self, "rankings", RANKINGS)
        all_of("grid", self, "scorings", SCORINGS)
        for key in ("solutions", "inputs", "shown"):
            at_least("grid", self, key, 1)
        not_empty("grid", self, "top_k", "gamma")
        for key in ("top_k", "windows"):
            each_at_least("grid", self, key, 1)
        for gamma in self.gamma:
            if not 0 <= gamma < 1:
                raise SmugError(f"grid.gamma={self.gamma} must lie in [0, 1)")


@dataclass
class GallerySettings(Section):
    """What the gallery page shows."""

    inputs: int = described("Number of inputs of a dataset on the page, at most.")

    def __post_init__(self) -> None:
        at_least("gallery", self, "inputs", 1)
