"""Read photographs, scale them to the network's input, choose those that are explained."""

from smug.datasets import imagenet, photographs
from smug.datasets.selection import select_images
from smug.errors import SmugError
from smug.jobs.run import run


def main(config, paths):
    """Write the chosen images."""
    from smug.models import rewire
    from smug.models.registry import load_model, network

    data, preprocess = config.dataset, network(config.model.name).preprocess
    if data.source == "photographs":
        records, names = photographs.photograph_records()
    elif data.source == "files":
        records, names = imagenet.validation_records(data.root)
    else:
        records, names = imagenet.folder_records(data.root)
    model = load_model(paths.model)
    images, counts = select_images(
        records,
        names,
        preprocess.size,
        predict=lambda pixels: rewire.outputs_of(model, preprocess(pixels)).argmax(axis=1),
        selection=data.selection,
        wanted=data.explained,
        seed=None if data.source == "photographs" else data.seed,
    )
    print(f"{len(images)} images chosen: {counts}")
    if not len(images):
        raise SmugError(f"none of {len(records)} images fits {data.selection}: {counts}")
    images.save(paths.data)
    return {"images": len(images), **counts}


if __name__ == "__main__":
    run(main)
