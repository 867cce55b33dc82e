"""Explained reviews as plain data for the gallery page."""

from smug.datasets.beer.reviews import Reviews
from smug.figures.gallery.inputs import files_by_shard, page_data, plain_review
from smug.io import save_json
from smug.jobs.run import run
from smug.pipeline.results import dataset_label, load_results
from smug.reviews.explained import SMUG, foreign_rationale, load_explained


def main(config, paths):
    """Write the first reviews with every method's scores, measures, files and records."""
    data, reviews = config.dataset, Reviews.load(paths.data)
    files = files_by_shard(paths)
    inputs = []
    for number in range(len(files)):
        texts = _explained(paths, number, reviews.shard(number, data.shard_size))
        scores = load_results(paths.all("scores")[number])
        for i, name in enumerate(texts.reviews.ids.tolist()):
            review = texts.highlighted(i, rationale=foreign_rationale(data))
            shown = plain_review(review, scores[scores["image"].eq(name)])
            inputs.append({**shown, "files": files[number], "shard": number, "row": i})
    content = page_data(
        paths,
        inputs[: config.gallery.inputs],
        kind="words",
        dataset=dataset_label(vars(data), generated=reviews.generated),
        generated=reviews.generated,
        explained=len(reviews),
        name_of=str,
    )
    save_json(paths.inputs, content)
    return {"reviews": len(content["inputs"])}


def _explained(paths, number, reviews):
    """What all methods say of one shard; every method lists its shards in order."""
    shards = len(paths.all("attribution"))
    return load_explained(
        reviews=reviews,
        attribution=paths.all("attribution")[number],
        smug={SMUG: (paths.all("masks")[number], paths.all("smug_maps")[number])},
        maps=paths.all("maps")[number::shards],
        settings=paths.all("settings")[number::shards],
        sets=paths.all("sets")[number],
    )


if __name__ == "__main__":
    run(main)
