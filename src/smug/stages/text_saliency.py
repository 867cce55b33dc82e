"""Figure and page of reviews highlighted by every method."""

from smug.datasets.beer import Reviews
from smug.figures.style import save_figure
from smug.figures.text_html import render
from smug.figures.text_saliency import text_saliency
from smug.io import atomic
from smug.job import run
from smug.texts import highlighted, load_explained, rationale_name, smug_files


def main(config, paths):
    """Write the page with the first reviews, and the figure with the first of them."""
    data = config.dataset
    texts = load_explained(
        reviews=Reviews.load(paths.data).shard(0, data.shard_size),
        attribution=paths.attribution,
        smug=smug_files(paths.all("masks"), paths.all("smug_maps"), config.comparison.gamma),
        maps=paths.all("maps"),
        settings=paths.all("settings"),
        sets=paths.sets,
    )
    rationale = rationale_name(data)
    shown = range(min(config.comparison.shown, len(texts)))
    reviews = [highlighted(texts, i, rationale=rationale) for i in shown]
    generated = texts.reviews.generated
    with atomic(paths.html) as temporary:
        temporary.write_text(render(reviews, generated=generated), "utf-8")
    save_figure(text_saliency(reviews[0], generated=generated), paths.png, paths.pdf)
    return {"reviews": len(reviews), "generated": generated}


if __name__ == "__main__":
    run(main)
