"""Read or generate the reviews, number their words, split them, choose the explained ones."""

import logging
import sys
from dataclasses import dataclass
from pathlib import Path

from smug.datasets.beer.splits import split_reviews
from smug.jobs.run import Summary, run
from smug.jobs.settings.datasets import BeerSettings


@dataclass(frozen=True)
class Sections:
    """Sections of the configuration that the stage reads."""

    dataset: BeerSettings


@dataclass(frozen=True)
class Files:
    """Inputs and outputs by their names in the rule."""

    train: Path
    validation: Path
    test: Path
    vocabulary: Path
    data: Path
    record: Path


def main(config: Sections, files: Files) -> Summary:
    """Write the reviews of every split and the vocabulary."""
    logging.basicConfig(stream=sys.stdout, format="%(message)s")
    others = ("name", "kind", "shard_size")
    settings = {key: value for key, value in vars(config.dataset).items() if key not in others}
    splits = split_reviews(**settings)
    splits.train.save(files.train)
    splits.validation.save(files.validation)
    splits.test.save(files.test)
    splits.explained.save(files.data)
    splits.tokenizer.save(files.vocabulary)
    return {
        "generated": splits.train.generated,
        "train": len(splits.train),
        "validation": len(splits.validation),
        "test": len(splits.test),
        "explained": len(splits.explained),
        "vocabulary": len(splits.tokenizer.words),
    }


if __name__ == "__main__":
    run(main)
