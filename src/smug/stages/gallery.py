"""The gallery page: every explained input with the maps of all methods."""

from smug.figures.gallery.page import gallery_page
from smug.io import atomic, load_json
from smug.job import run


def main(config, paths):
    """Write the page."""
    datasets = [load_json(path) for path in paths.all("inputs")]
    texts = [load_json(path) for path in paths.all("reviews")]
    page = gallery_page(config.workflow.run, datasets, paths.html.parent, texts=texts)
    with atomic(paths.html) as temporary:
        temporary.write_text(page, "utf-8")
    shown = {data["dataset"]: len(data["inputs"]) for data in datasets}
    return {"inputs": shown, "reviews": sum(len(text["reviews"]) for text in texts)}


if __name__ == "__main__":
    run(main)
