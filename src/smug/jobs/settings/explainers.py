"""Methods that need nothing but a model and an input; one schema per set of settings."""

from __future__ import annotations

from dataclasses import dataclass

from omegaconf import MISSING

from smug.errors import SmugError
from smug.jobs.settings.checks import above_zero, at_least, one_of, seeds_in_range
from smug.jobs.settings.explanations import RESPONSES, RULES, SCORINGS, SOLVERS, check_response

BASELINES = ("zero", "black", "white", "both")


@dataclass
class ExplainerSettings:
    """A method of :data:`smug.methods.METHODS` without settings."""

    name: str = MISSING
    method: str = MISSING


@dataclass
class IntegratedGradientsExplainerSettings(ExplainerSettings):
    """Integrated Gradients of the input."""

    baseline: str = MISSING
    steps: int = MISSING
    rule: str = MISSING
    batch_size: int = MISSING

    def __post_init__(self) -> None:
        one_of("explainer", self, "baseline", BASELINES)
        one_of("explainer", self, "rule", RULES)
        for key in ("steps", "batch_size"):
            at_least("explainer", self, key, 1)


@dataclass
class GradcamExplainerSettings(ExplainerSettings):
    """GradCAM; ``layer`` null means the last feature maps."""

    layer: str | None = None


@dataclass
class ImageSisExplainerSettings(ExplainerSettings):
    """Sufficient input subsets of windows, several removed a gradient."""

    keep: float = MISSING
    window: int = MISSING
    share: float = MISSING

    def __post_init__(self) -> None:
        at_least("explainer", self, "window", 1)
        for key in ("keep", "share"):
            if not 0 < getattr(self, key) < 1:
                raise SmugError(f"explainer.{key}={getattr(self, key)} is outside (0, 1)")


@dataclass
class SmugBaseExplainerSettings(ExplainerSettings):
    """SMUG without minimisation, from model to map in one call."""

    top_k: int = MISSING
    scoring: str = MISSING
    steps: int = MISSING
    batch_size: int = MISSING

    def __post_init__(self) -> None:
        one_of("explainer", self, "scoring", SCORINGS)
        for key in ("top_k", "steps", "batch_size"):
            at_least("explainer", self, key, 1)


@dataclass
class SmugExplainerSettings(SmugBaseExplainerSettings):
    """SMUG, from model to map in one call."""

    gamma: float = MISSING
    window: int = MISSING
    margin: float = MISSING
    response: str = MISSING
    solver: str = MISSING
    time_limit: float = MISSING
    seed: int = MISSING

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("explainer", self, "response", RESPONSES)
        one_of("explainer", self, "solver", SOLVERS)
        at_least("explainer", self, "window", 1)
        check_response("explainer", self)
        above_zero("explainer", self, "time_limit")
        seeds_in_range("explainer", self)


@dataclass
class GgigExplainerSettings(ExplainerSettings):
    """Geometrically Guided Integrated Gradients."""

    baseline: str = MISSING
    points: int = MISSING
    ascent_steps: int = MISSING
    step_size: float = MISSING
    batch_size: int = MISSING

    def __post_init__(self) -> None:
        one_of("explainer", self, "baseline", BASELINES)
        for key, low in (("points", 1), ("batch_size", 1), ("ascent_steps", 0), ("step_size", 0)):
            at_least("explainer", self, key, low)


@dataclass
class GeometricEnsembleExplainerSettings(GgigExplainerSettings):
    """Mean of GGIG over models near the trained one."""

    members: int = MISSING
    noise: float = MISSING
    tolerance: float = MISSING
    seed: int = MISSING

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least("explainer", self, "members", 1)
        at_least("explainer", self, "noise", 0)
        seeds_in_range("explainer", self)
        if not 0 < self.tolerance <= 1:
            raise SmugError(f"explainer.tolerance={self.tolerance} is outside (0, 1]")
