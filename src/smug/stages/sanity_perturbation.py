"""Figure of maps under weight noise that keeps the prediction."""

from smug.drawing import save_figure
from smug.figures.sanity import PERTURBATION_CAPTION, sanity_perturbation
from smug.jobs.run import run
from smug.pipeline.results import load_results


def main(config, paths):
    """Draw the figure."""
    save_figure(sanity_perturbation(load_results(*paths.all("scores"))), paths.png, paths.pdf)
    return {"caption": PERTURBATION_CAPTION}


if __name__ == "__main__":
    run(main)
