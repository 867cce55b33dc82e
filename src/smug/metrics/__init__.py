"""Measures of an explanation, for maps of any method: a NumPy array each."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from smug.models import require_backend

require_backend()

#: Modules of the measures that one calls with maps of one's own. They are loaded on first use: the
#: figures need some of their neighbours, and no network.
_HOMES = {
    "pointing_game": "localisation",
    "relevance_mass_accuracy": "localisation",
    "relevance_rank_accuracy": "localisation",
    "sparseness": "concentration",
    "complexity": "concentration",
    "faithfulness_correlation": "removal",
    "infidelity": "removal",
    "road": "imputation",
    "insertion": "curves",
    "deletion": "curves",
    "information_curves": "curves",
    "map_lsc": "lsc",
    "max_sensitivity": "stability",
    "random_logit": "stability",
    "efficient_mprt": "stability",
    "smooth_mprt": "stability",
}
__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
