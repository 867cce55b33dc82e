"""Stages that put explained pictures of one dataset together for the gallery page."""

from dataclasses import dataclass

from smug.datasets.load import load_prepared
from smug.figures.gallery.inputs import failures, page_data, plain_image
from smug.io import save_json
from smug.jobs.run import Summary
from smug.jobs.settings.datasets import DatasetSettings
from smug.jobs.settings.models import ModelSettings
from smug.jobs.settings.workflow import GallerySettings
from smug.pipeline.explained_images import collect_images
from smug.pipeline.method_names import method_name
from smug.pipeline.results import dataset_label
from smug.stages.families.gallery import GalleryFiles


@dataclass(frozen=True)
class Sections:
    """Sections of the configuration that the stages read."""

    dataset: DatasetSettings
    model: ModelSettings
    gallery: GallerySettings


def write_pictures(config: Sections, files: GalleryFiles) -> Summary:
    """Write the first inputs with their maps, measures, files, and the records of their making."""
    size = config.dataset.shard_size
    images = collect_images(
        data=files.data,
        attribution=files.attribution,
        masks=files.masks,
        smug_maps=files.smug_maps,
        maps=files.maps,
        settings=files.settings,
        scores=files.scores,
        shard_size=size,
        shown=config.gallery.inputs,
    )
    failed = failures(files.masks, files.maps, files.settings)
    by_shard = files.by_shard()
    inputs = [
        {
            **plain_image(image, failed.get(image.id, {})),
            "files": by_shard[i // size],
            "shard": i // size,
            "row": i % size,
        }
        for i, image in enumerate(images)
    ]
    prepared = load_prepared(files.data)
    content = page_data(
        [*files.records, *files.settings],
        inputs,
        kind="pictures",
        dataset=dataset_label(vars(config.dataset), generated=prepared.generated),
        generated=prepared.generated,
        explained=len(prepared),
        name_of=method_name,
    )
    save_json(files.inputs, content)
    return {"images": len(images)}
