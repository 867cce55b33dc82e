"""Page of reviews highlighted by every method, and figure of the paper's methods on one."""

from smug.datasets.beer.reviews import Reviews
from smug.drawing import save_figure
from smug.figures.text_html import render
from smug.figures.text_saliency import text_saliency
from smug.io import atomic
from smug.jobs.run import run
from smug.reviews.explained import (
    SMUG,
    SMUG_BASE,
    foreign_rationale,
    load_explained,
    smug_at,
    smug_files,
)
from smug.reviews.sufficient_words import SIS


def main(config, paths):
    """Write the page with the first reviews, and the figure with the shortest of them."""
    data = config.dataset
    texts = load_explained(
        reviews=Reviews.load(paths.data).shard(0, data.shard_size),
        attribution=paths.attribution,
        smug=smug_files(paths.all("masks"), paths.all("smug_maps"), config.comparison.gamma),
        maps=paths.all("maps"),
        settings=paths.all("settings"),
        sets=paths.sets,
    )
    rationale = foreign_rationale(data)
    shown = range(min(config.comparison.shown, len(texts)))
    reviews = [texts.highlighted(i, rationale=rationale) for i in shown]
    generated = texts.reviews.generated
    with atomic(paths.html) as temporary:
        temporary.write_text(render(reviews, generated=generated), "utf-8")
    shortest = min(reviews, key=lambda review: len(review.words))
    methods = (SIS, SMUG, smug_at(config.comparison.gamma), SMUG_BASE, "IG")
    figure = text_saliency(shortest, generated=generated, methods=methods)
    save_figure(figure, paths.png, paths.pdf)
    return {"reviews": len(reviews), "generated": generated}


if __name__ == "__main__":
    run(main)
