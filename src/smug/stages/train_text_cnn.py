"""Train the text CNN on the prepared reviews and measure it on the test reviews."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smug.datasets.beer.reviews import ASPECTS, Reviews
from smug.datasets.beer.tokenizer import Tokenizer
from smug.io import atomic, save_json
from smug.jobs.run import Summary, run
from smug.jobs.settings.datasets import DatasetSettings
from smug.jobs.settings.models import TextCnnSettings
from smug.pipeline.results import dataset_label


@dataclass(frozen=True)
class Sections:
    """Sections of the configuration that the stage reads."""

    dataset: DatasetSettings
    model: TextCnnSettings


@dataclass(frozen=True)
class Files:
    """Inputs and outputs by their names in the rule."""

    train: Path
    validation: Path
    test: Path
    words: Path
    model: Path
    vocabulary: Path
    metrics: Path
    record: Path


def main(config: Sections, files: Files) -> Summary:
    """Write the trained network, its vocabulary beside it, and how well it predicts."""
    from smug.models.networks import text_cnn

    settings = config.model
    train, validation, test = (
        Reviews.load(path) for path in (files.train, files.validation, files.test)
    )
    tokenizer = Tokenizer.load(files.words)
    model = text_cnn.build(
        num_words=tokenizer.num_words,
        embedding=settings.embedding,
        filters=settings.filters,
        width=settings.width,
        max_words=train.tokens.shape[1],
        seed=settings.seed,
    )
    history = text_cnn.train(
        model,
        train.tokens,
        train.scores,
        validation=(validation.tokens, validation.scores),
        epochs=settings.epochs,
        batch=settings.batch_size,
        learning_rate=settings.learning_rate,
        patience=settings.patience,
        balance=settings.balance,
        monitor=settings.monitor,
        seed=settings.seed,
    )
    measures = ("loss", "val_loss", "val_correlation")
    for epoch, values in enumerate(zip(*(history[name] for name in measures), strict=True)):
        shown = (f"{name} {value:.4f}" for name, value in zip(measures, values, strict=True))
        print(f"epoch {epoch + 1}: {', '.join(shown)}")
    label = dataset_label(vars(config.dataset), generated=train.generated)
    metrics: dict[str, Any] = {
        "model": settings.name,
        "dataset": f"{label}, {ASPECTS[train.aspect]}",
    }
    for split, reviews in (("train", train), ("test", test)):
        found = text_cnn.quality(reviews.scores, text_cnn.predict(model, reviews.tokens))
        metrics |= {
            f"{split}_inputs": len(reviews),
            f"{split}_loss": found.mse,
            f"{split}_accuracy": found.accuracy,
            f"{split}_balanced_accuracy": found.balanced_accuracy,
            f"{split}_r2": found.r2,
            f"{split}_correlation": found.correlation,
        }
    with atomic(files.model) as temporary:
        model.save(temporary)
    tokenizer.save(files.vocabulary)
    save_json(files.metrics, metrics)
    chosen = text_cnn.best_epoch(history, settings.monitor)
    epochs = {"epochs": len(history["loss"]), "best_epoch": chosen}
    return {**metrics, **epochs, "generated": train.generated}


if __name__ == "__main__":
    run(main)
