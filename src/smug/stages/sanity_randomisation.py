"""Figure of maps after layers were initialised anew."""

from smug.drawing import save_figure
from smug.figures.sanity import RANDOMISATION_CAPTION, sanity_randomisation
from smug.io import load_arrays, load_json
from smug.jobs.run import run
from smug.pipeline.results import load_results


def main(config, paths):
    """Draw the figure; example maps are those of each network's first shard."""
    examples = {}
    for maps, record in zip(paths.all("maps"), paths.all("settings"), strict=True):
        made = load_json(record)
        title = f"{made['summary']['dataset']}, {made['config']['model']['name']}"
        examples.setdefault(title, load_arrays(maps))
    scores = load_results(*paths.all("scores"))
    save_figure(sanity_randomisation(scores, examples), paths.png, paths.pdf)
    return {"caption": RANDOMISATION_CAPTION}


if __name__ == "__main__":
    run(main)
