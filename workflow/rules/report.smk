# What rules say of the figures and tables that the report shows.
import os

from smug.jobs.captions import settings_shown


def captioned(stage, datasets=DATASETS, variant="main"):
    """Params of a figure or table: asked for, with the settings that its caption names."""
    return {**asked(stage, datasets), "shown": shown(stage, datasets, variant)}


def in_report(path, shows):
    """Flag a figure or table for Snakemake's report; its caption is workflow/report/<name>.rst.

    What is made for each dataset alike, <name>_{dataset}, has one caption for all.
    """
    folder, name = os.path.split(path)
    stem = os.path.splitext(name)[0].removesuffix("_{dataset}")
    return report(
        path,
        caption=f"../report/{stem}.rst",
        category=os.path.basename(folder).capitalize(),
        labels={"shows": shows},
    )


def figure(name, shows):
    """Outputs of a figure; the report shows it."""
    stem = f"{OUT}/figures/{name}"
    return {"png": in_report(f"{stem}.png", shows), "pdf": f"{stem}.pdf"}


def table(name, shows):
    """Outputs of a table; the report shows it."""
    stem = f"{OUT}/tables/{name}"
    return {"csv": in_report(f"{stem}.csv", shows), "tex": f"{stem}.tex"}


def shown(caption, datasets=DATASETS, variant="main"):
    """Params function: the settings that a caption names, one line for each dataset.

    A job of one dataset names its own.
    """

    def params(wildcards):
        named = [wildcards.dataset] if "dataset" in wildcards.keys() else datasets
        return settings_shown(caption, RUN, named, variant)

    return params


report: "../report/workflow.rst"
