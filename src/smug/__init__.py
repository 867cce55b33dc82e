"""SMUG: explain a Keras model with proven-minimal input masks.

>>> import smug
>>> explanation = smug.explain(model, x)  # doctest: +SKIP
>>> explanation.plot().savefig("explanation.png")  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.3.0"
__all__ = ["Explanation", "SmugError", "SmugWarning", "explain", "load"]

if TYPE_CHECKING:
    from smug.errors import SmugError, SmugWarning
    from smug.explanation import Explanation
    from smug.methods import explain
    from smug.models.registry import load_model as load


def __getattr__(name: str) -> Any:
    # Imported on first use: most jobs of the workflow need no TensorFlow.
    if name == "explain":
        from smug.methods import explain

        return explain
    if name == "load":
        from smug.models.registry import load_model

        return load_model
    if name == "Explanation":
        from smug.explanation import Explanation

        return Explanation
    if name == "SmugError":
        from smug.errors import SmugError

        return SmugError
    if name == "SmugWarning":
        from smug.errors import SmugWarning

        return SmugWarning
    raise AttributeError(f"module 'smug' has no attribute {name!r}")
