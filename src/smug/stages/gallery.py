"""The gallery page: explained inputs with the maps of all methods."""

from smug.figures.gallery.page import gallery_page
from smug.io import atomic, load_json
from smug.jobs.run import run


def main(config, paths):
    """Write the page."""
    datasets = [load_json(path) for path in paths.all("inputs")]
    page = gallery_page(config.workflow.run, datasets, paths.html.parent)
    with atomic(paths.html) as temporary:
        temporary.write_text(page, "utf-8")
    return {"inputs": {data["dataset"]: len(data["inputs"]) for data in datasets}}


if __name__ == "__main__":
    run(main)
