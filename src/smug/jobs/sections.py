"""Sections of the configuration as files of ``conf/`` fill them, composed by Hydra."""

from __future__ import annotations

import copy
import functools
import re

import yaml
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import ConfigCompositionException, MissingConfigException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from smug.errors import SmugError, unknown_name
from smug.jobs.groups import CONF, file_of, files
from smug.jobs.settings import SCHEMAS
from smug.masks.solvers import SOLVERS

#: Groups that may hold a file for each dataset; one without takes that of the dataset whose inputs
#: or format it has, or else the file that ``conf/config.yaml`` names. The dataset's own file names
#: its model.
DATASET_GROUPS = ("dataset", "method", "comparison", "grid", "timing", "sanity", "sufficient_words")
#: Networks of keras.applications begin with a capital letter, files of ``conf/model/`` do not.
_ARCHITECTURE = re.compile(r"[A-Z]\w+")
for (_group, _schema_name), _schema in SCHEMAS.items():
    ConfigStore.instance().store(group=_group, name=_schema_name, node=_schema)


@functools.cache
def usual_files() -> dict[str, str]:
    """Read the sections, and the file that fills each unless another one is chosen."""
    defaults = yaml.safe_load((CONF / "config.yaml").read_text())["defaults"]
    return {
        section: name
        for entry in defaults
        if isinstance(entry, dict)
        for section, name in entry.items()
    }


@functools.cache
def text_of(dataset: str, section: str, file: str) -> str:
    """A section as a file fills it, as text."""
    return OmegaConf.to_yaml(filled_section(dataset, section, file))


def filled_section(dataset: str, section: str, file: str) -> DictConfig:
    """A section as a file fills it; only those chosen otherwise are composed by Hydra anew."""
    if file == files_of(dataset)[section]:
        return _of_dataset(dataset)[section]
    return _section(section, file)


@functools.cache
def files_of(dataset: str) -> dict[str, str]:
    """File that fills each section unless another one is chosen."""
    return {section: _of_dataset(dataset)[section].name for section in usual_files()}


@functools.cache
def _of_dataset(dataset: str) -> DictConfig:
    """Let Hydra compose the configuration of a dataset."""
    of_dataset = {group: file_of(dataset, group) for group in DATASET_GROUPS}
    return _hydra("config", [f"{group}={name}" for group, name in of_dataset.items() if name])


def names_of(section: str) -> list[str]:
    """Names that a section may be filled by: its files, and of solvers all that are registered.

    A solver without a file takes the values of the one that ``conf/config.yaml`` names.
    """
    registered = SOLVERS if section == "solver" else ()
    return sorted({*files(section), *registered})


@functools.cache
def _section(section: str, name: str) -> DictConfig:
    """Let Hydra compose one file of a group."""
    if section == "model" and _ARCHITECTURE.fullmatch(name):
        network = copy.deepcopy(_section(section, "applications"))
        network.architecture = name
        return network
    if name not in names_of(section):
        raise unknown_name(section, name, names_of(section))
    if section == "dataset":  # its file names the model, which is no part of the file alone
        return _of_dataset(name)[section]
    if name in files(section):
        return _hydra(f"{section}/{name}", [])[section]
    shared = copy.deepcopy(_section(section, usual_files()[section]))
    shared.name = name
    return shared


def home_of(network: str) -> str:
    """Dataset with whose settings a network is made: the first of those whose inputs it takes."""
    return str(_section("model", network).datasets[0])


def _hydra(file: str, overrides: list[str]) -> DictConfig:
    try:
        # A stage may run inside a process that already uses Hydra for something else.
        GlobalHydra.instance().clear()
        with initialize_config_dir(str(CONF), version_base="1.3"):
            return hydra_compose(file, overrides)
    except (ConfigCompositionException, MissingConfigException, OmegaConfBaseException) as error:
        raise in_one_line(error) from error


def in_one_line(error: Exception) -> SmugError:
    """Turn Hydra's complaint into one line: what, the value, what is allowed."""
    cause = error.__cause__ or error
    if isinstance(cause, SmugError):
        return cause
    text = " ".join(str(cause).split("full_key:")[0].split())
    if "is not a ListConfig" in text:
        text = "holds a list, which is written [a,b]"
    key = getattr(cause, "full_key", None) or "override"
    return SmugError(f"{key}: {text}")
