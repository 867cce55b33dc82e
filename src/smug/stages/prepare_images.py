"""Read images of the user's own, scale them to the network's input, choose the explained ones."""

from dataclasses import dataclass, replace

from smug.datasets import imagenet
from smug.datasets.own.classes import class_indices, known_labels
from smug.datasets.own.images import in_grey, list_images
from smug.datasets.selection import select_images
from smug.errors import SmugError
from smug.jobs.run import Summary, run
from smug.jobs.settings.models import ModelSettings
from smug.jobs.settings.own import OwnImagesSettings, OwnModelSettings
from smug.stages.families.own import Files


@dataclass(frozen=True)
class Sections:
    """Sections of the configuration that the stage reads."""

    dataset: OwnImagesSettings
    model: ModelSettings


def main(config: Sections, files: Files) -> Summary:
    """Write the chosen images, their classes and boxes."""
    from smug.models import own, rewire
    from smug.pipeline.networks import explained_network
    from smug.pipeline.own import check_selection

    data = config.dataset
    listed = list_images(files.root, data.label)
    classes = data.classes
    if not isinstance(config.model, OwnModelSettings):
        classes = classes or list(imagenet.class_names())
        listed = replace(listed, labels=known_labels(listed.labels, classes))
    check_selection(data.selection, listed.labels is not None)
    model, known = explained_network(files.model, config.model)
    if data.colour != (model.inputs[0].shape[3:] == (3,)):
        raise SmugError(
            f"dataset.colour={str(data.colour).lower()}, but the network takes inputs of shape "
            f"{model.inputs[0].shape[1:]}; set dataset.colour={str(not data.colour).lower()}"
        )
    indices, names = class_indices(listed.labels, classes, model.outputs[0].shape[-1])
    images, counts = select_images(
        listed.records(indices),
        names,
        own.size_of(known),
        predict=lambda pixels: rewire.outputs_of(
            model, known.preprocess(pixels if data.colour else in_grey(pixels))
        ).argmax(axis=1),
        selection=data.selection,
        wanted=data.explained,
        seed=data.seed,
    )
    print(f"{len(images)} images chosen: {counts}")
    if not len(images):
        raise SmugError(f"none of {len(listed)} images fits {data.selection}: {counts}")
    if not data.colour:
        images = replace(images, images=in_grey(images.images))
    images.save(files.data)
    return {"images": len(images), **counts}


if __name__ == "__main__":
    run(main)
