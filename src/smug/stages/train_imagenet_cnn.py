"""Train a CNN on an ImageNet folder: from scratch, or a new head on a trained network."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from smug.datasets import imagenet
from smug.datasets.images import ImageRecord
from smug.errors import SmugError
from smug.io import atomic, save_json
from smug.jobs.run import Summary, run
from smug.jobs.settings.models import ImagenetCnnSettings


@dataclass(frozen=True)
class Sections:
    """Sections of the configuration that the stage reads."""

    model: ImagenetCnnSettings


@dataclass(frozen=True)
class Files:
    """Inputs and outputs by their names in the rule."""

    model: Path
    history: Path
    metrics: Path
    record: Path


def main(config: Sections, files: Files) -> Summary:
    """Write the trained network, its accuracies and what each epoch brought."""
    from smug.models import fine_tune
    from smug.models.imports import IMPORTS, import_model
    from smug.models.registry import network

    settings = config.model
    if settings.root is None:
        raise SmugError("set imagenet:model.root=<folder> with training images; see DATA.md")
    training, names = imagenet.training_records(settings.root)
    validation, _ = imagenet.validation_records(settings.root)
    print(f"{len(names)} classes, {len(training)} training, {len(validation)} validation images")

    def build() -> Any:
        kinds: dict[str, Any] = {"filters": settings.filters}
        kinds["learning_rate"] = settings.learning_rate
        if settings.base is not None:
            fresh = settings.weights == "random"
            kinds |= {
                "base": IMPORTS[settings.base].build()
                if fresh
                else import_model(settings.base, settings.weights),
                "base_preprocessing": network(settings.base).preprocess,
                "freeze": settings.freeze,
            }
        return fine_tune.build(len(names), **kinds)

    backup = files.model.with_name("backup")
    model, history, unreadable = fine_tune.train(
        build,
        training,
        validation,
        backup,
        about=_about(settings, names, training),
        epochs=settings.epochs,
        batch_size=settings.batch_size,
        augment=settings.augment,
        seed=settings.seed,
    )
    metrics: dict[str, Any] = {"model": settings.name, "dataset": settings.datasets[0]}
    for split, records in (("train", training), ("test", validation)):
        found = fine_tune.measure(model, records, settings.batch_size)
        metrics |= {f"{split}_inputs": len(records)}
        metrics |= {f"{split}_{name}": value for name, value in found.items()}
    with atomic(files.model) as temporary:
        model.save(temporary)
    with atomic(files.history) as temporary:
        pd.DataFrame(history).to_csv(temporary, index=False)
    save_json(files.metrics, metrics)
    fine_tune.forget(backup)
    return metrics | {"unreadable": len(unreadable)}


def _about(
    settings: ImagenetCnnSettings, names: Sequence[str], training: Sequence[ImageRecord]
) -> dict[str, Any]:
    """Facts that a backup shares with a run that goes on with it; more epochs may be asked for."""
    images = json.dumps([names, [[record.id, record.label] for record in training]])
    kept = {key: value for key, value in vars(settings).items() if key != "epochs"}
    return kept | {"images": hashlib.sha256(images.encode()).hexdigest()}


if __name__ == "__main__":
    run(main)
