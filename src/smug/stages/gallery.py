"""The gallery page: explained inputs with the maps of all methods."""

from dataclasses import dataclass
from pathlib import Path

from smug.figures.gallery.page import gallery_page
from smug.io import atomic, load_json
from smug.jobs.run import Summary, run
from smug.jobs.settings.workflow import WorkflowSettings


@dataclass(frozen=True)
class Sections:
    """Sections of the configuration that the stage reads."""

    workflow: WorkflowSettings


@dataclass(frozen=True)
class Files:
    """Inputs and outputs by their names in the rule."""

    inputs: list[Path]
    html: Path
    record: Path


def main(config: Sections, files: Files) -> Summary:
    """Write the page."""
    datasets = [load_json(path) for path in files.inputs]
    page = gallery_page(config.workflow.run, datasets, files.html.parent)
    with atomic(files.html) as temporary:
        temporary.write_text(page, "utf-8")
    return {"inputs": {data["dataset"]: len(data["inputs"]) for data in datasets}}


if __name__ == "__main__":
    run(main)
