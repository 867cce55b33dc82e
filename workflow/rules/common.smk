# What all rules share: the configuration, the command of a job, the modules it depends on.
import math
import os
import shlex
import sys

from snakemake.exceptions import WorkflowError

from smug.errors import SmugError
from smug.jobs import config as smug_config
from smug.jobs.captions import settings_shown
from smug.jobs.dependencies import modules_of
from smug.jobs.selection import Run

# Jobs run with the Python that runs Snakemake, also where its environment is not activated.
shell.prefix(f'export PATH={shlex.quote(os.path.dirname(sys.executable))}:"$PATH"; ')


def job(stage, sharded=False):
    """The command of a stage, as one could type it."""
    shard = "shard={wildcards.shard} " if sharded else ""
    return (
        f"python -m smug.stages.{stage} threads={{threads}} {shard}"
        "{params.config:q} {params.io:q} > {log} 2>&1"
    )


def read_overrides():
    unknown = set(config) - {"override"}
    if unknown:
        raise WorkflowError(
            f"--config {min(unknown)}=...: the only key is override; "
            "for example --config override='solver.timeout=60 method.gamma=0.5'"
        )
    overrides = smug_config.parse_overrides(str(config.get("override") or ""))
    smug_config.check_overrides(overrides)
    return overrides


try:
    OVERRIDES = read_overrides()
except SmugError as error:
    raise WorkflowError(str(error)) from None

RUN = Run(OVERRIDES)


def settings(dataset, variant="main"):
    """Every section of the configuration, for one dataset and variant."""
    return smug_config.compose(dataset, (*OVERRIDES, *overrides_of(variant)))


def overrides_of(variant):
    """The overrides that a variant's name spells out."""
    words = [] if variant == "main" else variant.split("+")
    return [smug_config.Override(*word.split("=", 1)) for word in words]


def variant_of(dataset, changes):
    """Name of a variant; a change that changes nothing is left out, so that no job runs twice."""
    usual = settings(dataset)

    def differs(key, value):
        section, _, name = key.partition(".")
        return value != usual[section][name or "name"]

    words = [f"{key}={value}" for key, value in changes.items() if differs(key, value)]
    return "+".join(words) or "main"


def frozen(stage, dataset=None):
    """Params function: the stage's configuration as overrides; wildcards say what is open."""

    def params(wildcards):
        extra = overrides_of(wildcards.get("variant", "main"))
        if "model" in wildcards.keys():
            extra.append(smug_config.Override("model", wildcards.model))
        of = wildcards.get("dataset", dataset)
        return smug_config.freeze(
            smug_config.stage_config(stage, (*OVERRIDES, *extra), dataset=of)
        )

    return params


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


def code(stage):
    """The package's files whose change makes a stage's results stale."""
    return modules_of(stage)


def shards(dataset):
    """Shard numbers of a dataset, 0 up."""
    data = settings(dataset)["dataset"]
    return range(math.ceil(data["explained"] / data["shard_size"]))


DATASETS = settings("mnist")["workflow"]["datasets"]
OUT = f"results/{settings('mnist')['workflow']['run']}"


def every_shard(path):
    """A rule's path for every dataset of the run and each of its shards."""
    return [
        str(path).format(dataset=dataset, shard=shard)
        for dataset in DATASETS
        for shard in shards(dataset)
    ]


wildcard_constraints:
    dataset="[a-z_0-9]+",
    model=r"\w+",
    shard=r"\d+",
    variant=r"main|[\w.]+=[^/,]+",


report: "../report/workflow.rst"
