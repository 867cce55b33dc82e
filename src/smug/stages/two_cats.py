"""Figure and table of the two-cats analysis."""

from smug.drawing import save_figure, save_table
from smug.io import load_rows
from smug.jobs.run import run


def main(config, paths):
    """Compose the images, explain them, draw and tabulate."""
    from smug.figures.two_cats import CAPTION, two_cats, two_cats_table
    from smug.models.registry import load_model, network
    from smug.pipeline.two_cats import compose_cats, demo_cat, explain_two_cats

    method, solver, attribution = config.method, config.solver, config.attribution
    known = network(config.model.name)
    cats = compose_cats(demo_cat(), known.preprocess.size[0])
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
    model = load_model(paths.model)
    result = explain_two_cats(model, cats, known.preprocess, settings, config.comparison.cells)
    name = str(load_rows(paths.data, "class_names")[result.target])
    save_figure(two_cats(cats, result, name), paths.png, paths.pdf)
    save_table(two_cats_table(result), paths.csv, paths.tex, caption=CAPTION)
    return {"class": name}


if __name__ == "__main__":
    run(main)
