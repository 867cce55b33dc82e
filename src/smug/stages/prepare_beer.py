"""Read or generate the reviews, number their words, split them, choose the explained ones."""

import logging
import sys

from smug.datasets.beer.splits import split_reviews
from smug.jobs.run import run


def main(config, paths):
    """Write the reviews of every split and the vocabulary."""
    logging.basicConfig(stream=sys.stdout, format="%(message)s")
    splits = split_reviews(config.dataset)
    splits.train.save(paths.train)
    splits.validation.save(paths.validation)
    splits.test.save(paths.test)
    splits.explained.save(paths.data)
    splits.tokenizer.save(paths.vocabulary)
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
