"""The schema of every configuration section: names, types, allowed values.

One dataclass per kind of section in ``conf/``; the values and their origin stand there. Types are
checked when a configuration is composed, ranges when it becomes one of these objects.
"""

from __future__ import annotations

from smug.jobs.settings.comparisons import (
    ImageComparisonSettings,
    RowsComparisonSettings,
    TextComparisonSettings,
)
from smug.jobs.settings.datasets import DATASETS
from smug.jobs.settings.explainers import explainer_schema
from smug.jobs.settings.explanations import (
    AttributionSettings,
    MethodSettings,
    SaliencySettings,
    SolverSettings,
)
from smug.jobs.settings.models import (
    ApplicationsSettings,
    ImagenetCnnSettings,
    ImportedModelSettings,
    MnistCnnSettings,
    MnistMlpSettings,
    TextCnnSettings,
)
from smug.jobs.settings.own import (
    OwnImagesModelSettings,
    OwnImagesSettings,
    OwnRowsModelSettings,
    OwnSeriesSettings,
    OwnTableSettings,
    OwnTextsModelSettings,
    OwnTextsSettings,
)
from smug.jobs.settings.reviews import SufficientWordsSettings
from smug.jobs.settings.robust import RobustSettings
from smug.jobs.settings.sanity import GgigFigureSettings, SanitySettings
from smug.jobs.settings.workflow import (
    GallerySettings,
    GridSettings,
    MaskSweepSettings,
    NetworkLimitsSettings,
    TimingSettings,
    WorkflowSettings,
)
from smug.methods import METHODS

#: Schema of every file in ``conf/<group>/``: (group, schema name) -> dataclass.
SCHEMAS: dict[tuple[str, str], type] = {
    **{("dataset", f"{name}_schema"): schema for name, schema in DATASETS.items()},
    ("dataset", "images_schema"): OwnImagesSettings,
    ("dataset", "table_schema"): OwnTableSettings,
    ("dataset", "series_schema"): OwnSeriesSettings,
    ("dataset", "texts_schema"): OwnTextsSettings,
    ("model", "texts_schema"): OwnTextsModelSettings,
    ("model", "images_schema"): OwnImagesModelSettings,
    ("model", "rows_schema"): OwnRowsModelSettings,
    ("comparison", "rows_comparison_schema"): RowsComparisonSettings,
    ("model", "mnist_mlp_schema"): MnistMlpSettings,
    ("model", "mnist_cnn_schema"): MnistCnnSettings,
    ("model", "imported_schema"): ImportedModelSettings,
    ("model", "applications_schema"): ApplicationsSettings,
    ("model", "imagenet_cnn_schema"): ImagenetCnnSettings,
    ("attribution", "attribution_schema"): AttributionSettings,
    ("method", "method_schema"): MethodSettings,
    ("saliency", "saliency_schema"): SaliencySettings,
    ("solver", "solver_schema"): SolverSettings,
    ("sweep", "sweep_schema"): MaskSweepSettings,
    ("grid", "grid_schema"): GridSettings,
    ("timing", "timing_schema"): TimingSettings,
    ("network_limits", "network_limits_schema"): NetworkLimitsSettings,
    ("robust", "robust_schema"): RobustSettings,
    ("workflow", "workflow_schema"): WorkflowSettings,
    ("gallery", "gallery_schema"): GallerySettings,
    ("comparison", "comparison_schema"): ImageComparisonSettings,
    ("model", "text_cnn_schema"): TextCnnSettings,
    ("comparison", "text_comparison_schema"): TextComparisonSettings,
    ("sufficient_words", "sufficient_words_schema"): SufficientWordsSettings,
    ("sanity", "sanity_schema"): SanitySettings,
    ("ggig_figure", "ggig_figure_schema"): GgigFigureSettings,
    **{("explainer", f"{name}_explainer_schema"): explainer_schema(name) for name in METHODS},
}
