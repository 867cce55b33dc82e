"""Methods that need nothing but a model and an input; one schema per set of settings."""

from __future__ import annotations

from dataclasses import dataclass

from smug.jobs.settings.meanings import Section, described
from smug.limits import check_demand
from smug.masks.solvers import SOLVERS
from smug.methods import METHODS


@dataclass
class ExplainerSettings(Section):
    """A method of :data:`smug.methods.METHODS` without settings."""

    section = "explainer"

    method: str = described("Name of the method in `smug.methods`.", allowed=METHODS)


@dataclass
class IntegratedGradientsExplainerSettings(ExplainerSettings):
    """Integrated Gradients of the input."""

    baseline: str = described(
        "Input that the path starts from: `zero`, `black`, `white`, or `both` of the latter two."
    )
    steps: int = described("Number of points on the path from the baseline to the input.")
    rule: str = described(
        "How the gradients along the path are summed: `riemann` or `gauss_legendre`."
    )
    batch_size: int = described("Points of the path that the network sees at once.")


@dataclass
class GradcamExplainerSettings(ExplainerSettings):
    """GradCAM; ``layer`` null means the last feature maps."""

    layer: str | None = described(
        "Layer whose feature maps are weighted; null: the last ones before pooling or flattening.",
        None,
    )


@dataclass
class ImageSisExplainerSettings(ExplainerSettings):
    """Sufficient input subsets of windows, several removed a gradient."""

    keep: float = described(
        "Share of the class probability that the windows kept have to reach alone."
    )
    window: int = described("Side of a window of pixels that is kept or removed together (pixels).")
    share: float = described("Share of the windows left that is removed at each gradient.")


@dataclass
class SmugBaseExplainerSettings(ExplainerSettings):
    """SMUG without minimisation, from model to map in one call."""

    top_k: int = described(
        "Number of first-layer nodes, those with the largest attributions, whose receptive "
        "fields are scored."
    )
    window: int = described(
        "Side of a window of the input that is kept or removed together (pixels or words)."
    )
    ranking: str = described(
        "Values by which the nodes are chosen and scored: `integrated_gradients`, `gradients`, "
        "`activations` or `random`."
    )
    scoring: str = described(
        "How the attributions of the nodes that see an input value score it: `sum` or `max`."
    )
    steps: int = described("Number of points on the path of Integrated Gradients.")
    batch_size: int = described("Points of the path that the network sees at once.")
    seed: int = described("Seed of the random choices of the solver and of `ranking=random`.")


@dataclass
class SmugExplainerSettings(SmugBaseExplainerSettings):
    """SMUG, from model to map in one call."""

    gamma: float = described("Share of its response that every node among the top must keep.")
    margin: float = described(
        'Share of the response that is asked for on top of `gamma`: what ">" means in '
        "floating point."
    )
    response: str = described(
        "Whether a response counts with the bias (`paper`), without it (`bias_free`), or as "
        "the network's layers ask (`auto`)."
    )
    solver: str = described("Solver that finds the smallest mask.", allowed=SOLVERS)
    time_limit: float = described("Time limit for each mask (seconds).")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_demand(self.gamma, self.margin, section=self.section)


@dataclass
class GgigExplainerSettings(ExplainerSettings):
    """Geometrically Guided Integrated Gradients."""

    baseline: str = described(
        "Input that the path starts from: `zero`, `black`, `white`, or `both` of the latter two."
    )
    points: int = described("Number of points on the path from the baseline to the input.")
    ascent_steps: int = described("Number of ascent steps that start at each point of the path.")
    step_size: float = described(
        "Length of an ascent step, as a share of the distance between baseline and input."
    )
    batch_size: int = described("Points of the path that the network sees at once.")


@dataclass
class GeometricEnsembleExplainerSettings(GgigExplainerSettings):
    """Mean of GGIG over models near the trained one."""

    members: int = described("Number of models near the trained one that the mean is taken over.")
    noise: float = described(
        "Standard deviation of the change of the weights, as a share of each weight tensor's size."
    )
    tolerance: float = described(
        "Largest change of the class score at which a changed model still counts as near."
    )
    seed: int = described("Seed of the changes of the weights.")
