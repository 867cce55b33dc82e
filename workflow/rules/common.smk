# What all rules share: the run, the command of a job, its configuration, its results.
import os
import sys

from snakemake.exceptions import WorkflowError

from smug.errors import SmugError
from smug.jobs.check import check_shown
from smug.jobs.captions import settings_shown
from smug.jobs.config import check_overrides
from smug.jobs.dependencies import modules_of as code
from smug.jobs.overrides import Override, from_command_line, parse_overrides
from smug.jobs.selection import Run
from smug.jobs import variants


def read_overrides():
    unknown = set(config) - {"override", "container"}
    if unknown:
        raise WorkflowError(
            f"--config {min(unknown)}=...: the keys are override and container; "
            "for example --config override='solver.timeout=60 method.gamma=0.5'"
        )
    text = from_command_line(str(config.get("override") or ""), sys.argv)
    overrides = parse_overrides(text)
    check_overrides(overrides)
    return overrides


try:
    RUN = Run(read_overrides())
    RUN.check()
    # Jobs check what they read; what a run shows at last is read by nobody else.
    if workflow.is_main_process:
        check_shown(RUN.folder)
except SmugError as error:
    raise WorkflowError(str(error)) from None

OUT = RUN.folder
DATASETS = RUN.distinct  # swept, timed and checked, where RUN.datasets are explained
#: Stages whose files the whole run asks for, with the datasets that they are made of.
ASKED = {}


def job(stage, dataset=DATASETS[0], sharded=False):
    """Params of a job: its stage and its configuration.

    The dataset is the wildcard's; one is named, or a function of the wildcards, where a rule has no
    such wildcard. Results that are of no dataset read the sections that are the same for all.
    """

    def configuration(wildcards):
        changes = variants.overrides_of(wildcards.get("variant", "main"))
        named = dataset(wildcards) if callable(dataset) else dataset
        named = wildcards.get("dataset", named)
        if "model" in wildcards.keys():
            changes.append(Override("model", wildcards.model))
            named = RUN.explained_by(wildcards.model, named)
        shard = [f"shard={wildcards.shard}"] if sharded else []
        return shard + RUN.frozen(stage, named, changes)

    return {"stage": stage, "config": configuration}


def asked(stage, datasets=DATASETS):
    """Params of a job whose files the whole run asks for, where it holds one of these datasets."""
    ASKED[stage] = [dataset for dataset in datasets if dataset in RUN.datasets]
    return job(stage, [*datasets, *DATASETS][0])


def captioned(stage, datasets=DATASETS, variant="main"):
    """Params of a figure or table: asked for, with the settings that its caption names."""
    return {**asked(stage, datasets), "shown": shown(stage, datasets, variant)}


def all_asked():
    """Every file that the whole run asks for; for each dataset where its path holds {dataset}."""
    return [
        expand(getattr(rules, stage).output, dataset=datasets)
        for stage, datasets in ASKED.items()
        if datasets
    ]


def paths(wildcards, input, output):
    """Params function: every named input and output as io.<name>=<path>, code left out."""
    named = [*input.items(), *output.items()]
    return [
        f"io.{name}={path}"
        for name, found in named
        if name != "code"
        for path in ([found] if isinstance(found, str) else found)
    ]


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


wildcard_constraints:
    dataset="[a-z_0-9]+",
    model=r"\w+",
    shard=r"\d+",
    variant=r"main|[\w.]+=[^/,]+",


report: "../report/workflow.rst"
