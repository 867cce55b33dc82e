"""Display names where people read: of methods, of their variants, of boxes."""

from __future__ import annotations

from smug.methods import METHODS

#: Files of ``conf/explainer/`` that are a method with another baseline.
VARIANTS = {
    "ig_zero": "IG",
    "ig_black": "IG (black)",
    "ig_white": "IG (white)",
    "ig_both": "IG (both)",
    "ggig_zero": "GGIG",
    "geometric_ensemble_zero": "GGIG ensemble",
}

#: Boxes that are scored beside the methods' maps.
BOXES = {
    "ground_truth": "GroundTruth",
    "center_box": "CenterBox",
    "max_box": "MaxBox",
    "opt_box": "OptBox",
}


def method_name(name: str) -> str:
    """Name to print; one that stands nowhere is printed as it is."""
    if name in METHODS:
        return METHODS[name].name
    return (VARIANTS | BOXES).get(name, name)
