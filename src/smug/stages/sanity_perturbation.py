"""Figure of maps under weight noise that keeps the prediction."""

from smug.figures.sanity import PERTURBATION_CAPTION, sanity_perturbation
from smug.figures.style import save_figure
from smug.job import run
from smug.results import load_results


def main(config, paths):
    """Draw the figure."""
    save_figure(sanity_perturbation(load_results(*paths.all("scores"))), paths.png, paths.pdf)
    return {"caption": PERTURBATION_CAPTION}


if __name__ == "__main__":
    run(main)
