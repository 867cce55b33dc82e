"""Explained reviews as plain data for the gallery page."""

from smug.datasets.beer import Reviews
from smug.figures.gallery.inputs import plain_record
from smug.io import save_json
from smug.job import run
from smug.texts import SMUG, highlighted, load_explained, rationale_name


def main(config, paths):
    """Write the first reviews with every method's scores, and the files of their making."""
    data = config.dataset
    reviews, shards = Reviews.load(paths.data), len(paths.all("attribution"))
    shown = []
    for number in range(shards):
        texts = load_explained(
            reviews=reviews.shard(number, data.shard_size),
            attribution=paths.all("attribution")[number],
            smug={SMUG: (paths.all("masks")[number], paths.all("smug_maps")[number])},
            # Every method lists its shards in order.
            maps=paths.all("maps")[number::shards],
            settings=paths.all("settings")[number::shards],
            sets=paths.all("sets")[number],
        )
        rationale = rationale_name(data)
        shown += [highlighted(texts, i, rationale=rationale).plain() for i in range(len(texts))]
    files = [
        (name, str(path))
        for name in ("attribution", "masks", "smug_maps", "maps", "sets")
        for path in paths.all(name)
    ]
    content = {
        "generated": reviews.generated,
        "explained": len(reviews),
        "reviews": shown[: config.gallery.inputs],
        "files": files,
        "records": [plain_record(path) for path in (*paths.all("records"), *paths.all("settings"))],
    }
    save_json(paths.reviews, content)
    return {"reviews": len(content["reviews"])}


if __name__ == "__main__":
    run(main)
