"""How predictions are explained: attribution, masks, scores, solvers."""

from __future__ import annotations

from dataclasses import dataclass

from omegaconf import MISSING

from smug.errors import SmugError
from smug.jobs.settings.checks import above_zero, at_least, one_of, seeds_in_range

SOLVERS = ("highs", "anytime", "z3", "z3_pb", "cpsat")
#: Those that take the encoding of whole networks.
NETWORK_SOLVERS = ("highs", "z3")
ENCODINGS = ("first_layer", "network")
RESPONSES = ("auto", "paper", "bias_free")
RANKINGS = ("integrated_gradients", "gradients", "activations", "random")
SCORINGS = ("sum", "max")
RULES = ("riemann", "gauss_legendre")


@dataclass
class AttributionSettings:
    """Integrated Gradients of the class probability with respect to first-layer nodes."""

    name: str = MISSING
    steps: int = MISSING
    rule: str = MISSING
    batch_size: int = MISSING
    adaptive: bool = MISSING
    tolerance: float = MISSING
    settled_top_k: int = MISSING

    def __post_init__(self) -> None:
        one_of("attribution", self, "rule", RULES)
        for key in ("steps", "batch_size", "settled_top_k"):
            at_least("attribution", self, key, 1)
        above_zero("attribution", self, "tolerance")


@dataclass
class MethodSettings:
    """The mask problem: which nodes must keep which share of their response."""

    name: str = MISSING
    encoding: str = MISSING
    top_k: int = MISSING
    gamma: float = MISSING
    margin: float = MISSING
    window: int = MISSING
    response: str = MISSING
    ranking: str = MISSING
    delta: float = MISSING

    def __post_init__(self) -> None:
        one_of("method", self, "encoding", ENCODINGS)
        one_of("method", self, "response", RESPONSES)
        one_of("method", self, "ranking", RANKINGS)
        for key in ("top_k", "window"):
            at_least("method", self, key, 1)
        check_response("method", self)
        at_least("method", self, "delta", 0)


@dataclass
class SaliencySettings:
    """How the attributions of the nodes score the inputs that the mask keeps."""

    name: str = MISSING
    scoring: str = MISSING

    def __post_init__(self) -> None:
        one_of("saliency", self, "scoring", SCORINGS)


@dataclass
class SolverSettings:
    """Which exact solver answers the mask problem, and its limits."""

    name: str = MISSING
    timeout: float = MISSING
    threads: int = MISSING
    seed: int = MISSING

    def __post_init__(self) -> None:
        one_of("solver", self, "name", SOLVERS)
        at_least("solver", self, "threads", 1)
        above_zero("solver", self, "timeout")
        seeds_in_range("solver", self)


def check_response(section: str, values: object) -> None:
    """Refuse a share of the response to keep, ``gamma + margin``, that no mask can keep."""
    if not 0 <= values.gamma < 1:
        raise SmugError(f"{section}.gamma={values.gamma} is outside [0, 1); lower {section}.gamma")
    if not 0 < values.margin <= 1 - values.gamma:
        raise SmugError(
            f"{section}.margin={values.margin} is outside (0, 1 - gamma]; the default is 1e-4"
        )
