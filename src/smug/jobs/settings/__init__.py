"""The schema of every configuration section: names, types, allowed values.

One dataclass per kind of section in ``conf/``; the values and their origin stand there. Types are
checked when a configuration is composed, ranges when it becomes one of these objects.
"""

from __future__ import annotations

from smug.jobs.settings.datasets import ImagenetData, MnistData
from smug.jobs.settings.explainers import (
    Comparison,
    Explainer,
    GeometricEnsembleExplainer,
    GgigExplainer,
    GradcamExplainer,
    ImageSisExplainer,
    IntegratedGradientsExplainer,
    SmugBaseExplainer,
    SmugExplainer,
)
from smug.jobs.settings.explanations import Attribution, Method, Saliency, Solver
from smug.jobs.settings.models import (
    ApplicationsModel,
    ImagenetCnn,
    ImportedModel,
    MnistCnn,
    MnistMlp,
)
from smug.jobs.settings.reviews import BeerData, SufficientWords, TextCnn, TextComparison
from smug.jobs.settings.sanity import GgigFigure, Sanity
from smug.jobs.settings.workflow import (
    Gallery,
    Grid,
    MaskSweep,
    NetworkLimits,
    SolverTiming,
    Workflow,
)

#: Schema of every file in ``conf/<group>/``: (group, schema name) -> dataclass.
SCHEMAS: dict[tuple[str, str], type] = {
    ("dataset", "mnist_schema"): MnistData,
    ("dataset", "imagenet_schema"): ImagenetData,
    ("model", "mnist_mlp_schema"): MnistMlp,
    ("model", "mnist_cnn_schema"): MnistCnn,
    ("model", "imported_schema"): ImportedModel,
    ("model", "applications_schema"): ApplicationsModel,
    ("model", "imagenet_cnn_schema"): ImagenetCnn,
    ("attribution", "attribution_schema"): Attribution,
    ("method", "method_schema"): Method,
    ("saliency", "saliency_schema"): Saliency,
    ("solver", "solver_schema"): Solver,
    ("sweep", "sweep_schema"): MaskSweep,
    ("grid", "grid_schema"): Grid,
    ("timing", "timing_schema"): SolverTiming,
    ("network_limits", "network_limits_schema"): NetworkLimits,
    ("workflow", "workflow_schema"): Workflow,
    ("gallery", "gallery_schema"): Gallery,
    ("comparison", "comparison_schema"): Comparison,
    ("explainer", "explainer_schema"): Explainer,
    ("explainer", "integrated_gradients_explainer_schema"): IntegratedGradientsExplainer,
    ("explainer", "gradcam_explainer_schema"): GradcamExplainer,
    ("explainer", "image_sis_explainer_schema"): ImageSisExplainer,
    ("dataset", "beer_schema"): BeerData,
    ("model", "text_cnn_schema"): TextCnn,
    ("comparison", "text_comparison_schema"): TextComparison,
    ("sufficient_words", "sufficient_words_schema"): SufficientWords,
    ("explainer", "smug_explainer_schema"): SmugExplainer,
    ("explainer", "smug_base_explainer_schema"): SmugBaseExplainer,
    ("explainer", "ggig_explainer_schema"): GgigExplainer,
    ("explainer", "geometric_ensemble_explainer_schema"): GeometricEnsembleExplainer,
    ("sanity", "sanity_schema"): Sanity,
    ("ggig_figure", "ggig_figure_schema"): GgigFigure,
}
