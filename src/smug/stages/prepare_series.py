"""Read series of the user's own and choose the inputs that are explained."""

from dataclasses import dataclass

from smug.datasets.own.rows import read_series
from smug.jobs.run import Summary, run
from smug.jobs.settings.own import OwnRowsModelSettings, OwnSeriesSettings
from smug.stages.families.own import Files, write_rows


@dataclass(frozen=True)
class Sections:
    """Sections of the configuration that the stage reads."""

    dataset: OwnSeriesSettings
    model: OwnRowsModelSettings


def main(config: Sections, files: Files) -> Summary:
    """Write the chosen inputs, their classes and their names."""
    data = config.dataset
    rows = read_series(files.root, inputs=data.inputs, label=data.label)
    return write_rows(rows, data, config.model, files)


if __name__ == "__main__":
    run(main)
