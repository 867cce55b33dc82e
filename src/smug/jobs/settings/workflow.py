"""What the workflow asks for: which runs, sweeps and comparisons."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from omegaconf import MISSING

from smug.errors import SmugError
from smug.jobs.settings.checks import above_zero, all_of, at_least, each_at_least, not_empty
from smug.jobs.settings.explanations import NETWORK_SOLVERS, RANKINGS, SCORINGS, SOLVERS


@dataclass
class WorkflowSettings:
    """What the whole workflow asks for."""

    name: str = MISSING
    run: str = MISSING
    datasets: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", self.run):
            raise SmugError(
                f"workflow.run={self.run!r} names a folder under results/: letters, digits, _ . -"
            )
        not_empty("workflow", self, "datasets")


@dataclass
class TimingSettings:
    """Which instances the solver comparison times."""

    name: str = MISSING
    solvers: list[str] = field(default_factory=list)
    top_k: list[int] = field(default_factory=list)
    windows: list[int] = field(default_factory=list)
    inputs: int = MISSING
    timeout: float = MISSING

    def __post_init__(self) -> None:
        all_of("timing", self, "solvers", SOLVERS)
        not_empty("timing", self, "solvers", "top_k", "windows")
        for key in ("top_k", "windows"):
            each_at_least("timing", self, key, 1)
        at_least("timing", self, "inputs", 1)
        above_zero("timing", self, "timeout")


@dataclass
class MaskSweepSettings:
    """Which masks the MNIST table and figure compare."""

    name: str = MISSING
    windows: list[int] = field(default_factory=list)
    first_layer_solvers: list[str] = field(default_factory=list)
    network_solvers: list[str] = field(default_factory=list)
    figure_window: int = MISSING

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
class NetworkLimitsSettings:
    """Which whole networks, windows and leads the table of limits tries."""

    name: str = MISSING
    hidden: list[str] = field(default_factory=list)
    windows: list[int] = field(default_factory=list)
    lead_shares: list[float] = field(default_factory=list)
    digits: int = MISSING
    timeout: float = MISSING

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
class GridSettings:
    """Which settings the sweeps of a dataset try, on the inputs of its first shard."""

    name: str = MISSING
    top_k: list[int] = field(default_factory=list)
    gamma: list[float] = field(default_factory=list)
    windows: list[int] = field(default_factory=list)
    rankings: list[str] = field(default_factory=list)
    scorings: list[str] = field(default_factory=list)
    solutions: int = MISSING
    inputs: int = MISSING
    shown: int = MISSING

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
class GallerySettings:
    """What the gallery page shows."""

    name: str = MISSING
    inputs: int = MISSING

    def __post_init__(self) -> None:
        at_least("gallery", self, "inputs", 1)
