"""How methods are called where people read."""

from __future__ import annotations

METHOD_NAMES = {
    "smug": "SMUG",
    "smug_base": "SMUG_base",
    "ground_truth": "GroundTruth",
    "ig_zero": "IG",
    "integrated_gradients": "IG",
    "ig_black": "IG (black)",
    "ig_white": "IG (white)",
    "ig_both": "IG (both)",
    "gradients": "gradients",
    "gradcam": "GradCAM",
    "center_box": "CenterBox",
    "max_box": "MaxBox",
    "opt_box": "OptBox",
    "sis": "SIS",
    "image_sis": "SIS (batched)",
    "ggig": "GGIG",
    "ggig_zero": "GGIG",
    "geometric_ensemble": "GGIG ensemble",
    "geometric_ensemble_zero": "GGIG ensemble",
}


def method_name(name: str) -> str:
    """Name to print; a method that is not listed keeps its own."""
    return METHOD_NAMES.get(name, name)
