"""Figure and table of the two-cats analysis."""

from dataclasses import dataclass
from pathlib import Path

from smug.drawing import save_figure, save_table
from smug.io import load_rows
from smug.jobs.run import Summary, run
from smug.jobs.settings.comparisons import ImageComparisonSettings
from smug.jobs.settings.explanations import (
    AttributionSettings,
    MethodSettings,
    SaliencySettings,
    SolverSettings,
)
from smug.jobs.settings.models import ModelSettings


@dataclass(frozen=True)
class Sections:
    """Sections of the configuration that the stage reads."""

    model: ModelSettings
    attribution: AttributionSettings
    method: MethodSettings
    saliency: SaliencySettings
    solver: SolverSettings
    comparison: ImageComparisonSettings


@dataclass(frozen=True)
class Files:
    """Inputs and outputs by their names in the rule."""

    data: Path
    model: Path
    png: Path
    pdf: Path
    csv: Path
    tex: Path
    record: Path


def main(config: Sections, files: Files) -> Summary:
    """Compose the images, explain them, draw and tabulate."""
    from smug.figures.two_cats import CAPTION, two_cats, two_cats_table
    from smug.models.registry import load_model, network
    from smug.pipeline.two_cats import compose_cats, demo_cat, explain_two_cats

    method, solver, attribution = config.method, config.solver, config.attribution
    known = network(config.model.name)
    cats = compose_cats(demo_cat(), known.size[0])
    steps = {"steps": attribution.steps, "batch_size": attribution.batch_size}
    settings = {
        "smug": {
            **{k: getattr(method, k) for k in ("top_k", "gamma", "window", "margin", "response")},
            **steps,
            "scoring": config.saliency.scoring,
            "solver": solver.name,
            "time_limit": solver.timeout,
        },
        "integrated_gradients": {**steps, "baseline": "black", "input_range": known.input_range},
    }
    model = load_model(files.model)
    result = explain_two_cats(model, cats, known.preprocess, settings, config.comparison.cells)
    name = str(load_rows(files.data, "class_names")[result.target])
    save_figure(two_cats(cats, result, name), files.png, files.pdf)
    save_table(two_cats_table(result), files.csv, files.tex, caption=CAPTION)
    return {"class": name}


if __name__ == "__main__":
    run(main)
