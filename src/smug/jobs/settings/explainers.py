"""Methods that need nothing but a model and an input: a schema follows the method's signature."""

from __future__ import annotations

from dataclasses import dataclass, make_dataclass
from typing import Any

from smug.jobs.settings.meanings import Section, described
from smug.limits import check_demand
from smug.masks.solvers import SOLVERS
from smug.methods import METHODS, Setting, method_settings

#: Meanings of the settings of methods by name.
MEANINGS = {
    "adaptive": "Whether the points are doubled up to `steps` until the attributions settle.",
    "ascent_steps": "Number of ascent steps that start at each point of the path.",
    "baseline": "Start of the path: `zero`, `black`, `white`, or `both` of the latter two.",
    "batch_size": "Number of points or inputs that the network sees at once.",
    "fill": "Value of a pixel, feature or word that is removed.",
    "gamma": "Share of its response that every node among the top must keep.",
    "keep": "Share of the class probability that what is kept has to reach alone.",
    "layer": "Layer that is explained; null: the one that the method finds by itself.",
    "limit": "Number of values that the method takes, at most; null: its own limit.",
    "margin": 'Share of the response asked for on top of `gamma`: ">" in floating point.',
    "members": "Number of models near the trained one that the mean is taken over.",
    "noise": "Standard deviation of the weights' change, as a share of each tensor's size.",
    "pad_id": "Number of the padding word, which is never masked or scored.",
    "points": "Number of points on the path from the baseline to the input.",
    "ranking": "Values that rank the nodes: by attribution, gradient, activation or at random.",
    "response": "Whether a response counts with the bias; `auto`: as the layers ask.",
    "rule": "How the gradients along the path are summed: `riemann` or `gauss_legendre`.",
    "scoring": "How the nodes that see an input value score it: `sum` or `max`.",
    "seed": "Seed of every random choice of the method.",
    "share": "Share of the windows left that is removed at each gradient.",
    "solver": "Solver that finds the smallest mask.",
    "step_size": "Length of an ascent step, as a share of the path's length.",
    "steps": "Number of points on the path of Integrated Gradients.",
    "threads": "Number of threads that a solver may use.",
    "ties": "Difference up to which two scores count as equal.",
    "time_limit": "Time limit for each mask (seconds).",
    "tolerance": "Largest change that counts as none, as a share of the class score.",
    "top_k": "Number of first-layer nodes, those ranked highest, that count; null: the usual.",
    "window": "Side of a window that is kept or removed together (pixels or words).",
}
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

    Its fields are the keyword-only parameters of the method's function. A file need not give
    those that keep the function's default.
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
    meaning = MEANINGS.get(name, f"Setting of `{METHODS[method].function}`, which explains it.")
    default = list(setting.default) if isinstance(setting.default, tuple) else setting.default
    allowed = SOLVERS if name == "solver" else None
    return described(meaning, default, allowed=allowed, repeats=True)
