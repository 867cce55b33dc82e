# What all rules share: the run, the command of a job, its configuration, its results.
import sys

from snakemake.exceptions import WorkflowError

from smug.errors import SmugError
from smug.jobs.check import check_shown
from smug.jobs.config import check_overrides
from smug.jobs.dependencies import digest_of
from smug.jobs.groups import in_format
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


def written(path):
    """A rule's path as the rule writes it, also where it lies in storage (cloud profiles)."""
    if not getattr(path, "is_storage", False):
        return str(path)
    prefix = workflow.storage_settings.default_storage_prefix
    return path.storage_object.query.removeprefix(f"{prefix.rstrip('/')}/")


try:
    RUN = Run(read_overrides(), written)
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


def one_of(names):
    """Constraint of a wildcard: one of some names; no name at all where there are none."""
    return "|".join(names) or "(?!)"


def for_each(path, datasets):
    """A rule's path for each of some datasets, where it holds no other wildcard."""
    return expand(written(path), dataset=datasets)


def job(stage, dataset=DATASETS[0], sharded=False):
    """Params of a job: its stage, the digest of its code, its configuration.

    The dataset is the wildcard's, or that for which the wildcard's network is made; one is named where
    a rule has neither. Results that are of no dataset read the sections that are the same for all.
    """

    def configuration(wildcards):
        changes = variants.overrides_of(wildcards.get("variant", "main"))
        named = wildcards.get("dataset", dataset)
        if "model" in wildcards.keys():
            changes.append(Override("model", wildcards.model))
            named = RUN.made_for(wildcards.model)
        shard = [f"shard={wildcards.shard}"] if sharded else []
        return shard + RUN.frozen(stage, named, changes)

    return {"stage": stage, "code": digest_of(stage), "config": configuration}


def asked(stage, datasets=DATASETS):
    """Params of a job whose files the whole run asks for, where it holds one of these datasets."""
    ASKED[stage] = [dataset for dataset in datasets if dataset in RUN.datasets]
    return job(stage, [*datasets, *DATASETS][0])


def all_asked():
    """Every file that the whole run asks for; for each dataset where its path holds {dataset}."""
    return [
        for_each(path, datasets)
        for stage, datasets in ASKED.items()
        if datasets
        for path in getattr(rules, stage).output
    ]


def paths(wildcards, input, output):
    """Params function: every named input and output as io.<name>=<path>."""
    named = [*input.items(), *output.items()]
    return [
        f"io.{name}={path}"
        for name, found in named
        for path in ([found] if isinstance(found, str) else found)
    ]


wildcard_constraints:
    dataset="[a-z_0-9]+",
    model=r"\w+",
    shard=r"\d+",
    variant=r"main|[\w.]+=[^/,]+",
