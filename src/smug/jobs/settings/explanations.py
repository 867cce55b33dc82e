"""How predictions are explained: attribution, masks, scores, solvers."""

from __future__ import annotations

from dataclasses import dataclass

from smug.errors import SmugError
from smug.jobs.settings.checks import above_zero, at_least, one_of, seeds_in_range
from smug.jobs.settings.meanings import Section, described

SOLVERS = ("highs", "anytime", "z3", "z3_pb", "cpsat")
#: Those that take the encoding of whole networks.
NETWORK_SOLVERS = ("highs", "z3")
ENCODINGS = ("first_layer", "network")
RESPONSES = ("auto", "paper", "bias_free")
RANKINGS = ("integrated_gradients", "gradients", "activations", "random")
SCORINGS = ("sum", "max")
RULES = ("riemann", "gauss_legendre")


@dataclass
class AttributionSettings(Section):
    """Integrated Gradients of the class probability with respect to first-layer nodes."""

    steps: int = described(
        "Number of points on the path from the baseline to the input; the largest number "
        "where `adaptive` is true."
    )
    rule: str = described(
        "How the gradients along the path are summed: `riemann` or `gauss_legendre`."
    )
    batch_size: int = described("Points of the path that the network sees at once.")
    adaptive: bool = described(
        "Whether the points are doubled up to `steps` until the attributions settle."
    )
    tolerance: float = described(
        "Completeness error that counts as settled, as a share of the class score."
    )
    settled_top_k: int = described(
        "Number of top nodes of which 95 % must stay the same for the attributions to count "
        "as settled."
    )

    def __post_init__(self) -> None:
        one_of("attribution", self, "rule", RULES)
        for key in ("steps", "batch_size", "settled_top_k"):
            at_least("attribution", self, key, 1)
        above_zero("attribution", self, "tolerance")


@dataclass
class MethodSettings(Section):
    """The mask problem: which nodes must keep which share of their response."""

    encoding: str = described(
        "Part of the network that the mask problem describes: `first_layer` (SMUG) or "
        "`network` (all of a dense network)."
    )
    top_k: int = described(
        "Number of first-layer nodes, those ranked highest, that must keep their response."
    )
    gamma: float = described("Share of its response that every such node must keep.")
    margin: float = described(
        'Share of the response that is asked for on top of `gamma`: what ">" means in '
        "floating point."
    )
    window: int = described(
        "Side of a window of the input that is kept or removed together (pixels or words)."
    )
    response: str = described(
        "Whether a response counts with the bias (`paper`), without it (`bias_free`), or as "
        "the network's layers ask (`auto`)."
    )
    ranking: str = described(
        "What ranks the nodes: `integrated_gradients`, `gradients`, `activations` or `random`."
    )
    delta: float = described(
        "Lead of the class score that the masked digit must keep, for `encoding=network` (logits)."
    )

    def __post_init__(self) -> None:
        one_of("method", self, "encoding", ENCODINGS)
        one_of("method", self, "response", RESPONSES)
        one_of("method", self, "ranking", RANKINGS)
        for key in ("top_k", "window"):
            at_least("method", self, key, 1)
        check_response("method", self)
        at_least("method", self, "delta", 0)


@dataclass
class SaliencySettings(Section):
    """How the attributions of the nodes score the inputs that the mask keeps."""

    scoring: str = described(
        "How the attributions of the nodes that see an input value score it: `sum` or `max`."
    )

    def __post_init__(self) -> None:
        one_of("saliency", self, "scoring", SCORINGS)


@dataclass
class SolverSettings(Section):
    """Which exact solver answers the mask problem, and its limits."""

    timeout: float = described("Time limit for each mask (seconds).")
    threads: int = described("Number of threads that a solver may use.")
    seed: int = described("Seed of the solver's random choices.")

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
