"""Read the photographs, scale them to the network's input, choose the explained ones."""

from smug.datasets import imagenet, photographs
from smug.datasets.images import prepare_images
from smug.datasets.prepared import count_problems
from smug.errors import SmugError
from smug.job import run


def main(config, paths):
    """Write the prepared images."""
    from smug.models.registry import network

    data = config.dataset
    if data.source == "photographs":
        records, names = photographs.photograph_records()
        records = records[: data.explained]
    else:
        records, names = imagenet.validation_records(data.root)
        records = imagenet.sample_records(records, data.explained, data.seed)
    size = network(config.model.name).preprocess.size
    images, problems = prepare_images(records, names, size)
    for problem in problems:
        print(f"{problem.kind}: {problem.message}")
    if not len(images):
        raise SmugError(f"none of the {len(records)} images could be read; see the lines above")
    images.save(paths.data)
    return {"images": len(images), **count_problems(problems)}


if __name__ == "__main__":
    run(main)
