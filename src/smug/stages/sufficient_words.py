"""Find sufficient input subsets of every text of a shard, and the proven smallest set."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smug.jobs.run import Summary, run
from smug.jobs.settings.datasets import DatasetSettings
from smug.jobs.settings.explanations import MethodSettings
from smug.jobs.settings.models import ModelSettings
from smug.jobs.settings.reviews import SufficientWordsSettings
from smug.pipeline.results import dataset_label
from smug.pipeline.shards import AttributedShard
from smug.reviews.sufficient_words import word_sets_of_shard


@dataclass(frozen=True)
class Sections:
    """Sections of the configuration that the stage reads."""

    dataset: DatasetSettings
    model: ModelSettings
    method: MethodSettings
    sufficient_words: SufficientWordsSettings


@dataclass(frozen=True)
class Files:
    """Inputs and outputs by their names in the rule."""

    attribution: Path
    model: Path
    sets: Path
    record: Path


def main(config: Sections, files: Files) -> Summary:
    """Write the sets of words of a shard."""
    from smug.models.networks import text_cnn
    from smug.pipeline.networks import explained_network

    model, known = explained_network(files.model, config.model)
    shard = AttributedShard.load(files.attribution)
    asked = config.sufficient_words, config.method.replacement
    if text_cnn.fits(model):
        from_embeddings = text_cnn.on_embeddings(model)
        sets = word_sets_of_shard(
            shard.ids,
            shard.inputs,
            shard.padding,
            text_cnn.network(model),
            lambda embedded: from_embeddings(embedded, training=False)[:, 1],
            *asked,
        )
    else:
        from smug.reviews.asked_words import subsets_of_shard

        sets = subsets_of_shard(model, known.preprocess(shard.images), shard, *asked)
    sets.save(files.sets)
    found = np.isfinite(sets.objective)
    return {
        "dataset": dataset_label(vars(config.dataset), generated=shard.generated),
        "status": dict(Counter(sets.status.tolist())),
        "unconfirmed": int(np.count_nonzero(found & ~sets.confirmed)),
    }


if __name__ == "__main__":
    run(main)
