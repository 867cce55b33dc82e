"""Read a table of the user's own and choose the inputs that are explained."""

from dataclasses import dataclass

from smug.datasets.own.rows import read_rows
from smug.jobs.run import Summary, run
from smug.jobs.settings.own import OwnRowsModelSettings, OwnTableSettings
from smug.stages.families.own import Files


@dataclass(frozen=True)
class Sections:
    """Sections of the configuration that the stage reads."""

    dataset: OwnTableSettings
    model: OwnRowsModelSettings


def main(config: Sections, files: Files) -> Summary:
    """Write the chosen inputs, their classes and their names."""
    from smug.models import rewire
    from smug.pipeline.networks import explained_network
    from smug.pipeline.own import prepare_rows

    data = config.dataset
    rows = read_rows(
        files.root,
        label=data.label,
        ids=data.ids,
        columns=data.columns,
        one_hot=data.one_hot,
        codes=data.codes,
    )
    model, known = explained_network(files.model, config.model)
    prepared, counts = prepare_rows(
        rows,
        data,
        shape=tuple(model.input_shape[1:]),
        outputs=model.output_shape[-1],
        predict=lambda x: rewire.outputs_of(model, known.preprocess(x)).argmax(axis=1),
        standard=config.model.preprocessing == "standard",
    )
    prepared.save(files.data)
    return {"inputs": len(prepared), "features": prepared.features.tolist(), **counts}


if __name__ == "__main__":
    run(main)
