"""Methods that need nothing but a model and an input: a schema follows the method's signature."""

from __future__ import annotations

from dataclasses import dataclass, make_dataclass
from typing import Any

from smug.jobs.docstrings import meaning
from smug.jobs.settings.meanings import Section, described
from smug.limits import check_demand
from smug.masks.solvers import SOLVERS
from smug.methods import METHODS, Setting, method_settings

#: Settings that follow from the network.
_OF_THE_NETWORK = ("input_range",)


@dataclass
class ExplainerSettings(Section):
    """A method of :data:`smug.methods.METHODS`; :func:`explainer_schema` adds its settings."""

    section = "explainer"

    method: str = described("Name of the method in `smug.methods`.", allowed=METHODS)

    def __post_init__(self) -> None:
        super().__post_init__()
        values = vars(self)
        if {"gamma", "margin"} <= set(values):
            check_demand(values["gamma"], values["margin"], section=self.section)


def explainer_schema(method: str) -> type[ExplainerSettings]:
    """Schema of the files in ``conf/explainer/`` that set up a method.

    Its fields are the keyword-only parameters of the method's function, explained by its
    docstring. A file need not give those that keep the function's default.
    """
    settings = [
        (name, _type(setting), _field(method, name, setting))
        for name, setting in method_settings(method).items()
        if name not in _OF_THE_NETWORK
    ]
    named = {"__doc__": f"Settings of {METHODS[method].name}.", "__module__": __name__}
    title = "".join(word.capitalize() for word in method.split("_"))
    return make_dataclass(
        f"{title}ExplainerSettings", settings, bases=(ExplainerSettings,), namespace=named
    )


def _type(setting: Setting) -> Any:
    """Type of a field, as :class:`smug.methods.Setting` explains its kinds."""
    plain = [kind for kind in setting.kinds if kind in (int, float, bool, str)]
    if len(plain) != 1 or list in setting.kinds:
        return Any
    return plain[0] | None if len(setting.kinds) > 1 else plain[0]


def _field(method: str, name: str, setting: Setting) -> Any:
    function = METHODS[method].function
    about = meaning(function, name) or f"Setting of `{function}`, which explains it."
    default = list(setting.default) if isinstance(setting.default, tuple) else setting.default
    allowed = SOLVERS if name == "solver" else None
    return described(about, default, allowed=allowed, repeats=True)
