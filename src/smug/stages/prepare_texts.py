"""Read texts of the user's own, number their words and choose the texts that are explained."""

from dataclasses import dataclass

import numpy as np

from smug.datasets.own.classes import class_indices
from smug.datasets.own.texts import Vocabulary, as_tokens, read_texts
from smug.datasets.prepared import UNKNOWN
from smug.datasets.texts import PreparedTexts
from smug.errors import SmugError
from smug.jobs.run import Summary, run
from smug.jobs.settings.own import OwnTextsModelSettings, OwnTextsSettings
from smug.stages.families.own import Files


@dataclass(frozen=True)
class Sections:
    """Sections of the configuration that the stage reads."""

    dataset: OwnTextsSettings
    model: OwnTextsModelSettings


def main(config: Sections, files: Files) -> Summary:
    """Write the chosen texts as word ids, with their classes and marked words."""
    from smug.models import rewire
    from smug.pipeline.networks import explained_network
    from smug.pipeline.own import choose

    data = config.dataset
    read = read_texts(
        files.root, text=data.text, label=data.label, ids=data.ids, rationale=data.rationale
    )
    model, known = explained_network(files.model, config.model)
    shape = model.inputs[0].shape[1:]
    if len(shape) != 1:
        raise SmugError(
            f"the network takes inputs of shape {shape}; a network of texts takes word ids, shape "
            "(words,), and begins with an embedding"
        )
    vocabulary = Vocabulary.load(str(config.model.vocabulary))
    arrays = as_tokens(read, range(len(read.texts)), vocabulary, shape[0], config.model.padding)
    indices, names = class_indices(read.labels, data.classes, model.outputs[0].shape[-1])
    labels = indices if len(indices) else np.full(len(read.texts), UNKNOWN)
    prepared = PreparedTexts(
        **arrays,
        texts=tuple(" ".join(text.split()) for text in read.texts),
        aspect=0,
        generated=data.source == "generated",
        classes=labels,
        class_names=np.array(names, np.str_),
    )
    rows, counts = choose(
        labels,
        data,
        lambda: rewire.outputs_of(model, known.preprocess(prepared.tokens)).argmax(axis=1),
        labelled=read.labels is not None,
    )
    prepared.take(rows).save(files.data)
    return {"texts": len(rows), "vocabulary": len(vocabulary.ids), **counts}


if __name__ == "__main__":
    run(main)
