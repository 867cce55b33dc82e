"""Results that the workflow asks for: runs, sweeps and comparisons."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from smug.errors import SmugError
from smug.jobs.settings.meanings import Section, described
from smug.limits import COUNT, NAMES, RANGES
from smug.masks.solvers import SOLVERS, solvers_of

#: Weights of the largest whole network of digits that is tried.
MOST_WEIGHTS = 10**7


@dataclass
class WorkflowSettings(Section):
    """Run and datasets that the whole workflow asks for."""

    section = "workflow"
    heard = ()

    run: str = described("Name of the run; its results go to `results/<run>/`.")
    datasets: list[str] = described(
        "Datasets that the workflow explains: files of `conf/dataset/`.", []
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", self.run):
            raise SmugError(
                f"workflow.run={self.run!r} names a folder under results/: letters, digits, _ . -"
            )
        if len(self.run.encode()) > 100:
            raise SmugError(f"workflow.run={self.run!r} is longer than 100 letters; shorten it")
        self.not_empty("datasets")


@dataclass
class TimingSettings(Section):
    """Instances that the solver comparison times."""

    section = "timing"

    solvers: list[str] = described("Solvers that are timed.", [], allowed=SOLVERS)
    top_k: list[int] = described("Numbers of top nodes of the mask problems that are timed.", [])
    windows: list[int] = described(
        "Sides of the windows of the mask problems that are timed (pixels or words).",
        [],
        allowed=RANGES["window"],
    )
    inputs: int = described("Number of inputs whose masks are timed.", allowed=COUNT)
    timeout: float = described("Time limit for each mask (seconds).")

    def __post_init__(self) -> None:
        super().__post_init__()
        self.not_empty("solvers", "top_k", "windows")


@dataclass
class MaskSweepSettings(Section):
    """Masks that the MNIST table and figure compare."""

    section = "sweep"
    heard = ("mnist",)

    windows: list[int] = described(
        "Sides of the windows that the masks are made of (pixels).", [], allowed=RANGES["window"]
    )
    first_layer_solvers: list[str] = described(
        "Solvers that find masks of the first layer.", [], allowed=SOLVERS
    )
    network_solvers: list[str] = described(
        "Solvers that find masks of the whole network.", [], allowed=solvers_of("network")
    )
    figure_window: int = described(
        "Side of the windows of the masks that the figure shows (pixels)."
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.figure_window not in self.windows:
            raise SmugError(
                f"sweep.figure_window={self.figure_window} is not in sweep.windows={self.windows}"
            )
        self.not_empty("first_layer_solvers", "network_solvers")


@dataclass
class NetworkLimitsSettings(Section):
    """Whole networks, windows and leads that the table of limits tries."""

    section = "network_limits"
    heard = ("mnist",)

    hidden: list[str] = described(
        "Whole networks that are tried: nodes of their hidden layers, like `64-64`.", []
    )
    windows: list[int] = described(
        "Sides of the windows that the masks are made of (pixels).", [], allowed=RANGES["window"]
    )
    lead_shares: list[float] = described(
        "Shares of the whole digit's lead over the other classes that the masked digit must keep.",
        [],
        allowed=RANGES["gamma"],
    )
    digits: int = described("Number of digits that are tried.", allowed=COUNT)
    timeout: float = described("Time limit for each mask (seconds).")

    def __post_init__(self) -> None:
        super().__post_init__()
        for hidden in self.hidden:
            if not re.fullmatch(r"[1-9]\d*(-[1-9]\d*)*", hidden):
                raise SmugError(
                    f"network_limits.hidden={hidden!r}: nodes of the hidden layers, like '64-64'"
                )
            # Python itself refuses numbers of thousands of digits.
            layers = [int(nodes[:20]) for nodes in hidden.split("-")]
            if sum(one * other for one, other in pairwise([784, *layers, 10])) > MOST_WEIGHTS:
                raise SmugError(
                    f"network_limits.hidden={hidden!r} has more than {MOST_WEIGHTS} weights, far "
                    "from what a mask of a whole network is found for; name a smaller one"
                )
        self.not_empty("hidden", "windows", "lead_shares")


@dataclass
class GridSettings(Section):
    """Settings that the sweeps of a dataset try, on its first inputs."""

    section = "grid"

    top_k: list[int] = described("Numbers of top nodes that the sweep tries.", [])
    gamma: list[float] = described("Shares of the response to keep that the sweep tries.", [])
    windows: list[int] = described(
        "Sides of the windows that the sweep tries (pixels or words).", [], allowed=RANGES["window"]
    )
    replacements: list[str] = described(
        "What a removed position becomes, in turn.", [], allowed=NAMES["replacement"]
    )
    rankings: list[str] = described(
        "Rankings of the nodes that the sweep tries.", [], allowed=NAMES["ranking"]
    )
    scorings: list[str] = described(
        "Scorings of the inputs that the sweep tries.", [], allowed=NAMES["scoring"]
    )
    solutions: int = described("Number of distinct smallest masks looked for.")
    inputs: int = described("Number of inputs that the sweeps use, at most.", allowed=COUNT)
    shown: int = described("Number of inputs in the figure of masks.", allowed=COUNT)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.not_empty("top_k", "gamma")


@dataclass
class GallerySettings(Section):
    """Inputs that the gallery page shows."""

    section = "gallery"

    inputs: int = described("Number of inputs of a dataset on the page, at most.", allowed=COUNT)
