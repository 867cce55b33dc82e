"""Figure of maps under weight noise that keeps the prediction."""

from smug.drawing import save_figure
from smug.figures.sanity import PERTURBATION_CAPTION, sanity_perturbation
from smug.jobs.run import Summary, run
from smug.pipeline.results import load_results
from smug.stages.families.results import FigureFiles as Files
from smug.stages.families.results import Sections


def main(config: Sections, files: Files) -> Summary:
    """Draw the figure."""
    save_figure(sanity_perturbation(load_results(*files.scores)), files.png, files.pdf)
    return {"caption": PERTURBATION_CAPTION}


if __name__ == "__main__":
    run(main)
