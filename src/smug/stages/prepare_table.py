"""Read a table of the user's own and choose the inputs that are explained."""

from dataclasses import dataclass

from smug.datasets.own.rows import read_rows
from smug.jobs.run import Summary, run
from smug.jobs.settings.own import OwnRowsModelSettings, OwnTableSettings
from smug.stages.families.own import Files, write_rows


@dataclass(frozen=True)
class Sections:
    """Sections of the configuration that the stage reads."""

    dataset: OwnTableSettings
    model: OwnRowsModelSettings


def main(config: Sections, files: Files) -> Summary:
    """Write the chosen inputs, their classes and their names."""
    data = config.dataset
    rows = read_rows(
        files.root,
        label=data.label,
        ids=data.ids,
        columns=data.columns,
        one_hot=data.one_hot,
        codes=data.codes,
    )
    return write_rows(rows, data, config.model, files)


if __name__ == "__main__":
    run(main)
