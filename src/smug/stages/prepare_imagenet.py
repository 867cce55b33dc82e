"""Read photographs, scale them to the network's input, choose those that are explained."""

from dataclasses import dataclass
from pathlib import Path

from smug.datasets import imagenet, photographs
from smug.datasets.root import folder
from smug.datasets.selection import select_images
from smug.datasets.synsets import check_classes, read_synsets
from smug.errors import SmugError
from smug.jobs.run import Summary, run
from smug.jobs.settings.datasets import ImagenetSettings
from smug.jobs.settings.models import ModelSettings


@dataclass(frozen=True)
class Sections:
    """Sections of the configuration that the stage reads."""

    dataset: ImagenetSettings
    model: ModelSettings


@dataclass(frozen=True)
class Files:
    """Inputs and outputs by their names in the rule."""

    model: Path
    data: Path
    record: Path


def main(config: Sections, files: Files) -> Summary:
    """Write the chosen images."""
    from smug.models import rewire
    from smug.models.registry import load_model, network

    data, known = config.dataset, network(config.model.name)
    if data.source == "photographs":
        records, names = photographs.photograph_records()
    elif data.source == "files":
        records, names = imagenet.validation_records(folder(data.source, data.root))
    else:
        records, names = imagenet.folder_records(folder(data.source, data.root))
    model = load_model(files.model)
    outputs, trained_on = model.output_shape[-1], getattr(config.model, "root", None)
    if data.source == "files":
        check_classes(folder(data.source, data.root), outputs, trained_on)
    elif data.source == "folder" and trained_on:
        names = read_synsets(trained_on)[1]
    if len(names) != outputs:
        raise SmugError(
            f"dataset.source={data.source} knows {len(names)} classes, the network "
            f"{config.model.name} has {outputs} outputs; set dataset.source=files"
        )
    images, counts = select_images(
        records,
        names,
        known.size,
        predict=lambda pixels: rewire.outputs_of(model, known.preprocess(pixels)).argmax(axis=1),
        selection=data.selection,
        wanted=data.explained,
        seed=None if data.source == "photographs" else data.seed,
    )
    print(f"{len(images)} images chosen: {counts}")
    if not len(images):
        raise SmugError(f"none of {len(records)} images fits {data.selection}: {counts}")
    images.save(files.data)
    return {"images": len(images), **counts}


if __name__ == "__main__":
    run(main)
