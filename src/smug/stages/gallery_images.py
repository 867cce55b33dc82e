"""Explained images of one dataset as plain data for the gallery page."""

from smug.datasets.prepared import PreparedImages
from smug.explained_images import collect_images
from smug.figures.gallery.inputs import files_by_shard, method_names, plain_image, plain_record
from smug.io import save_json
from smug.job import run


def main(config, paths):
    """Write the first images with their maps, measures, files, and the records of their making."""
    size = config.dataset.shard_size
    images = collect_images(paths, size, config.gallery.inputs)
    files = files_by_shard(paths)
    inputs = [
        {**plain_image(image, files[i // size]), "row": i % size} for i, image in enumerate(images)
    ]
    records = [plain_record(path) for path in (*paths.all("records"), *paths.all("settings"))]
    save_json(
        paths.inputs,
        {
            "dataset": config.dataset.name,
            "model": config.model.name,
            "explained": len(PreparedImages.load(paths.data)),
            "names": method_names(inputs),
            "inputs": inputs,
            "records": list({record["name"]: record for record in reversed(records)}.values())[
                ::-1
            ],
        },
    )
    return {"images": len(images)}


if __name__ == "__main__":
    run(main)
