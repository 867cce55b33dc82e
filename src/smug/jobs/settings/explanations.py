"""Explanation of predictions: attribution, masks, scores, solvers."""

from __future__ import annotations

from dataclasses import dataclass

from smug.jobs.settings.meanings import Section, described
from smug.limits import check_demand
from smug.masks.solvers import SOLVERS


@dataclass
class AttributionSettings(Section):
    """Integrated Gradients of the class probability with respect to first-layer nodes."""

    section = "attribution"

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


@dataclass
class MethodSettings(Section):
    """The mask problem: which nodes must keep which share of their response."""

    section = "method"

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
    replacement: str = described(
        "What a removed position becomes in the input of the layer: 0 (`zero`), the mean of the "
        "input's positions (`mean`) or the blurred image (`blur`)."
    )
    ranking: str = described(
        "What ranks the nodes: `integrated_gradients`, `gradients`, `activations` or `random`."
    )
    delta: float = described(
        "Lead of the class score that the masked digit must keep, for `encoding=network` (logits)."
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_demand(self.gamma, self.margin, section=self.section)


@dataclass
class SaliencySettings(Section):
    """Scores of the inputs that the mask keeps, from the attributions of the nodes."""

    section = "saliency"

    scoring: str = described(
        "How the attributions of the nodes that see an input value score it: `sum` or `max`."
    )


@dataclass
class SolverSettings(Section):
    """Exact solver of the mask problem, and its limits."""

    section = "solver"
    name: str = described("Name of the solver.", allowed=SOLVERS)

    timeout: float = described("Time limit for each mask (seconds).")
    threads: int = described("Number of threads that a solver may use.")
    seed: int = described("Seed of the solver's random choices.")
