"""A finished run as one archive that others can cite and read: a Provenance Run RO-Crate.

Profile 0.5 of the Workflow Run RO-Crate working group (Leo et al. 2024, *Recording provenance of
workflow runs with RO-Crate*, PLoS ONE 19(9)). What it says comes from the records beside the
results: every step with its settings, its time and the files that it read and wrote.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import StringIO
from mimetypes import guess_type
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from smug.errors import SmugError
from smug.io import atomic
from smug.jobs.check import check_results
from smug.jobs.home import HOME
from smug.jobs.overrides import flatten
from smug.jobs.records import Record, load_record, places, recorded_files

if TYPE_CHECKING:
    from rocrate.model import ContextEntity
    from rocrate.rocrate import ROCrate

PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/ro/wfrun/provenance/0.5": "Provenance Run Crate",
}
_BIOSCHEMAS = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"
_LICENCE = "https://spdx.org/licenses/Apache-2.0"
#: The workflow that a crate holds, beside its Snakefile.
_FOLDERS = ("workflow/rules", "workflow/report", "conf")
_ENVIRONMENT = "environment.yml"
#: Arrays and tables of single steps, which a crate holds on demand.
_ARRAYS = (".npz", ".npy", ".parquet", ".keras")
_README = """`results/` holds figures, tables and pages, and beside each result a `.json` with its
configuration, the SHA-256 of every file that its step read or wrote, versions and the commit.
`workflow/` and `conf/` are what made them; `ro-crate-metadata.json` says which step made what,
with which settings, when.
"""


def write_crate(
    folder: str | os.PathLike[str], path: str | os.PathLike[str], *, arrays: bool = False
) -> int:
    """Write the results of a run, its records and the workflow that made them into one archive.

    Parameters
    ----------
    folder : path-like
        Folder of a run, such as ``results/demo``.
    path : path-like
        The archive, a ``.zip``; written whole or not at all.
    arrays : bool, optional
        With the arrays and tables that steps hand on, which are most of a run's bytes.

    Returns
    -------
    int
        Number of steps in it.

    Raises
    ------
    SmugError
        A result that is not what its record tells of, no records, or RO-Crate's package missing.
    """
    try:
        from rocrate.rocrate import ROCrate
    except ImportError:
        raise SmugError(
            "an RO-Crate needs the package rocrate; install it with: pip install 'smug[crate]'"
        ) from None
    folder = Path(os.path.abspath(folder))
    found = check_results(folder)
    if found.wrong:
        raise SmugError(
            f"{len(found.wrong)} results of {folder} are not what their records tell of, first "
            f"{min(found.wrong)}; see them with: smug check {folder}"
        )
    steps = [step for path in sorted(folder.rglob("*.json")) if (step := _step(path)) is not None]
    # The profiles build on this version of RO-Crate.
    crate = ROCrate(version="1.1")
    _describe(crate, folder, steps, arrays)
    with atomic(path) as file:
        crate.write_zip(file)
    return len(steps)


@dataclass(frozen=True)
class _Step:
    """One record: where it stands, what it says, and the files that it names."""

    path: Path
    record: Record
    files: Mapping[Path, str]

    @property
    def stage(self) -> str:
        return str(self.record["stage"])

    @property
    def end(self) -> datetime:
        return datetime.fromisoformat(self.record["written"])

    @property
    def begin(self) -> datetime:
        return self.end - timedelta(seconds=self.record.get("seconds", 0.0))

    def wrote(self, path: Path) -> bool:
        """Tell the files that this step wrote from those that it read."""
        return self.path in places(path)


def _step(path: Path) -> _Step | None:
    record = load_record(path)
    return None if record is None else _Step(path, record, recorded_files(path, record))


def _describe(crate: ROCrate, folder: Path, steps: list[_Step], arrays: bool) -> None:
    """Fill a crate: workflow, steps, files, and what did what when."""
    crate.name = f"Results of smug, run {folder.name}"
    crate.description = (
        "Figures and tables of two explanation papers, rebuilt, with the record of every step."
    )
    crate.license = _LICENCE
    crate.datePublished = max(step.end for step in steps)
    crate.add_file(
        StringIO(f"# {crate.name}\n\n{crate.description}\n\n{_README}"),
        "README.md",
        properties={"about": {"@id": "./"}, "encodingFormat": "text/markdown"},
    )
    _add(crate, _LICENCE, "CreativeWork", name="Apache License 2.0")
    for address, name in PROFILES.items():
        _add(crate, address, "CreativeWork", name=name, version=address.rpartition("/")[2])
        crate.root_dataset.append_to("conformsTo", {"@id": address})
    workflow = _workflow(crate, steps)
    files = _Files(crate, folder, arrays)
    actions = [_run_step(crate, step, files, number) for number, step in enumerate(steps)]
    shown = [files.of(path) for path in files.held(folder.rglob("*")) if _is_shown(folder, path)]
    run = _add(
        crate,
        "#run",
        "CreateAction",
        name=f"Run {folder.name}",
        instrument=workflow,
        result=shown,
        startTime=min(step.begin for step in steps).isoformat(),
        endTime=max(step.end for step in steps).isoformat(),
        actionStatus={"@id": "http://schema.org/CompletedActionStatus"},
    )
    engine = _add(
        crate,
        "#snakemake",
        "SoftwareApplication",
        name="Snakemake",
        url="https://snakemake.github.io",
        softwareVersion=_version(steps, "snakemake"),
    )
    _add(
        crate,
        "#organised",
        "OrganizeAction",
        name="Snakemake's part in the run",
        instrument=engine,
        object=actions,
        result=run,
        startTime=run["startTime"],
        endTime=run["endTime"],
    )
    crate.root_dataset["mentions"] = run


def _workflow(crate: ROCrate, steps: Iterable[_Step]) -> ContextEntity:
    """The Snakefile as the crate's main entity, with one step and one tool for each stage."""
    kinds = ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"]
    about: dict[str, Any] = {"@type": kinds, "name": "smug", "version": _version(steps, "smug")}
    about |= {"encodingFormat": "text/plain", "conformsTo": {"@id": _BIOSCHEMAS}}
    workflow = crate.add_workflow(
        HOME / "workflow" / "Snakefile",
        "workflow/Snakefile",
        main=True,
        lang="snakemake",
        properties={**about, "license": {"@id": _LICENCE}},
    )
    for name in _FOLDERS:
        crate.add_dataset(HOME / name, name)
    crate.add_file(
        HOME / _ENVIRONMENT, _ENVIRONMENT, properties={"encodingFormat": "application/yaml"}
    )
    stages = sorted({step.stage for step in steps})
    tools, how = [], []
    for position, stage in enumerate(stages):
        tool = _add(crate, f"#tool-{stage}", "SoftwareApplication", name=f"smug.stages.{stage}")
        tool["softwareVersion"] = _version(steps, "smug")
        step = _add(crate, f"#step-{stage}", "HowToStep", name=stage, position=str(position))
        step["workExample"] = tool
        tools.append(tool)
        how.append(step)
    workflow["hasPart"], workflow["step"] = tools, how
    return workflow


def _run_step(crate: ROCrate, step: _Step, files: _Files, number: int) -> ContextEntity:
    """Action of one step, and Snakemake's part in it, which is answered."""
    held = files.held(step.files)
    read = [files.of(path) for path in held if not step.wrote(path)]
    did = _add(
        crate,
        f"#action-{number}",
        "CreateAction",
        name=f"{step.stage}: {step.path.relative_to(files.folder)}",
        instrument={"@id": f"#tool-{step.stage}"},
        object=[*read, *(_setting(crate, *pair) for pair in flatten(step.record["config"]))],
        result=[files.of(path) for path in [*filter(step.wrote, held), step.path]],
        startTime=step.begin.isoformat(),
        endTime=step.end.isoformat(),
        actionStatus={"@id": "http://schema.org/CompletedActionStatus"},
    )
    return _add(
        crate,
        f"#control-{number}",
        "ControlAction",
        name=f"Start of {step.stage}",
        instrument={"@id": f"#step-{step.stage}"},
        object=did,
    )


class _Files:
    """Files of a run in its crate, each described once, at their places below the run's folder."""

    def __init__(self, crate: ROCrate, folder: Path, arrays: bool) -> None:
        self.crate, self.folder, self.arrays = crate, folder, arrays
        self.known: dict[Path, Any] = {}

    def held(self, paths: Iterable[Path]) -> list[Path]:
        """Those of some paths that the crate holds."""
        return [
            path
            for path in paths
            if path.is_relative_to(self.folder)
            and path.is_file()
            and (self.arrays or path.suffix not in _ARRAYS)
        ]

    def of(self, path: Path) -> Any:
        """Entity of a file, which is added once."""
        if path not in self.known:
            place = f"results/{path.relative_to(self.folder).as_posix()}"
            about = {"name": path.name, "contentSize": str(path.stat().st_size)}
            if kind := guess_type(path)[0]:
                about["encodingFormat"] = kind
            self.known[path] = self.crate.add_file(path, place, properties=about)
        return self.known[path]


def _is_shown(folder: Path, path: Path) -> bool:
    """Tell what a run is made for: a table, a figure or a page."""
    return path.parent in (folder, folder / "tables", folder / "figures") and path.suffix != ".json"


def _setting(crate: ROCrate, key: str, value: Any) -> ContextEntity:
    """A setting and its value, once for all steps that read it."""
    name = f"#setting-{quote(f'{key}={value}')}"
    known = crate.get(name)
    return known or _add(crate, name, "PropertyValue", name=key, value=str(value))


def _version(steps: Iterable[_Step], package: str) -> str:
    """Versions of a package that the records name, usually one."""
    return ", ".join(sorted({step.record["versions"][package] for step in steps}))


def _add(crate: ROCrate, place: str, kind: str, /, **about: Any) -> ContextEntity:
    """Add an entity that is no file."""
    from rocrate.model import ContextEntity

    entity = crate.add(ContextEntity(crate, place, properties={"@type": kind}))
    for key, value in about.items():
        entity[key] = value
    return entity
