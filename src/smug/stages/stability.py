"""Table of measures that explain again."""

from smug.drawing import save_table
from smug.figures.stability import CAPTION, printed, stability
from smug.jobs.run import Summary, run
from smug.pipeline.results import load_results
from smug.stages.families.results import Sections
from smug.stages.families.results import TableFiles as Files


def main(config: Sections, files: Files) -> Summary:
    """Write the table."""
    table = stability(load_results(*files.scores))
    save_table(table, files.csv, files.tex, caption=CAPTION, printed=printed(table))
    return {"rows": len(table), "caption": CAPTION}


if __name__ == "__main__":
    run(main)
