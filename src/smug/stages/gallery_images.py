"""Explained images of one dataset as plain data for the gallery page."""

from smug.datasets.prepared import PreparedImages
from smug.figures.gallery.inputs import failures, files_by_shard, page_data, plain_image
from smug.io import save_json
from smug.jobs.run import run
from smug.pipeline.explained_images import collect_images
from smug.pipeline.method_names import method_name
from smug.pipeline.results import dataset_label


def main(config, paths):
    """Write the first images with their maps, measures, files, and the records of their making."""
    size = config.dataset.shard_size
    images = collect_images(paths, size, config.gallery.inputs)
    files, failed = files_by_shard(paths), failures(paths)
    inputs = [
        {
            **plain_image(image, failed.get(image.id, {})),
            "files": files[i // size],
            "shard": i // size,
            "row": i % size,
        }
        for i, image in enumerate(images)
    ]
    prepared = PreparedImages.load(paths.data)
    content = page_data(
        paths,
        inputs,
        kind="pictures",
        dataset=dataset_label(vars(config.dataset), generated=prepared.generated),
        generated=prepared.generated,
        explained=len(prepared),
        name_of=method_name,
    )
    save_json(paths.inputs, content)
    return {"images": len(images)}


if __name__ == "__main__":
    run(main)
