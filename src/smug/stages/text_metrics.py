"""Table and rank map of every method on reviews under the field's measures."""

from smug.jobs.run import Summary, run
from smug.stages.families.measures import Files, Sections, tabulate_and_draw


def main(config: Sections, files: Files) -> Summary:
    """Write the table and draw the figure."""
    return tabulate_and_draw(files)


if __name__ == "__main__":
    run(main)
