"""Overrides that no job would hear are refused: they would be accepted, and change nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import fields
from typing import Any, Protocol

from smug.errors import SmugError
from smug.jobs.groups import format_of, inputs_of
from smug.jobs.overrides import Override
from smug.jobs.settings.meanings import Section
from smug.jobs.variants import Composed, guided_networks, kinds_of


class Configuration(Protocol):
    """A dataset's composed sections, as plain values and as objects of their schemas."""

    @property
    def plain(self) -> Composed:
        """Values by section and name."""

    @property
    def settings(self) -> Mapping[str, Section]:
        """Objects by section."""


def check_heard(
    overrides: Iterable[Override],
    composed: Mapping[str, Configuration],
    keys_of: Callable[[str, str], Collection[str]],
) -> None:
    """Refuse an override of a run that none of its jobs would read.

    Parameters
    ----------
    overrides : iterable of Override
    composed : mapping of str to Configuration
        That of each dataset.
    keys_of : callable
        Keys that a dataset's configuration has with a network: (dataset, network) to keys.

    Raises
    ------
    SmugError
        Names the override, and where it would be heard.
    """
    for one in overrides:
        section, _, name = one.key.partition(".")
        if one.dataset is not None:
            meant = composed[one.dataset]
            where = _heard(type(meant.settings[section]), name)
            _check_dataset(one, section, where, meant.plain)
        if section == "model" and name:
            names = composed if one.dataset is None else [one.dataset]
            _check_network(one, {name: composed[name].plain for name in names}, keys_of)


def _heard(schema: type[Section], name: str) -> tuple[str, ...]:
    """Kinds or formats of inputs whose own value of a setting is read."""
    for field in fields(schema):
        if field.name == name and field.metadata["heard"] is not None:
            found: tuple[str, ...] = field.metadata["heard"]
            return found
    return schema.heard


def _check_dataset(
    override: Override, section: str, where: tuple[str, ...], composed: Composed
) -> None:
    dataset = override.dataset
    if not where:
        raise SmugError(
            f"{override.typed}: the section {section} is one for the whole run; leave out "
            f"{dataset}:"
        )
    inputs = inputs_of(str(dataset))
    if not {format_of(str(dataset)), *kinds_of(composed)} & set(where):
        raise SmugError(
            f"{override.typed}: no job of {dataset} reads {override.key}, only those of "
            f"{', '.join(where)} do; leave it out"
        )
    if section == "model" and "." in override.key:
        home = [*composed["model"]["datasets"], inputs][0]
        if inputs != home:
            raise SmugError(
                f"{override.typed}: the network {composed['model']['name']} is made once, with "
                f"the settings of {home}; write {home}:{override}"
            )


def _check_network(
    override: Override,
    meant: Mapping[str, Composed],
    keys_of: Callable[[str, str], Collection[str]],
) -> None:
    used = {dataset: _networks(chosen) for dataset, chosen in meant.items()}
    for dataset, networks in used.items():
        if any(override.key in keys_of(dataset, network) for network in networks):
            return
    names = sorted({network for networks in used.values() for network in networks})
    raise SmugError(
        f"{override.typed}: none of the networks of this run ({', '.join(names)}) has "
        f"{override.key}; choose one that has it with model=<name>"
    )


def _networks(chosen: Composed) -> list[Any]:
    """Networks that a dataset's jobs run: its own, and those of its checks and figures."""
    own = chosen["model"]["name"]
    return list(dict.fromkeys([own, *chosen["sanity"]["also"], *guided_networks(chosen)]))
