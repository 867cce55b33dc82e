"""The library that Keras runs on, behind one face; no other room imports TensorFlow.

Every module of this folder but ``spec`` has the same face, described in
:mod:`smug.models.backend.tensorflow`. What Keras itself offers on any library (``keras.ops``) is
not part of it.
"""

from __future__ import annotations

from smug.models.backend.spec import Spec
from smug.models.backend.tensorflow import (
    FAILURES,
    gradient,
    has_value,
    ignoring_functions,
    in_float64,
    out_of_memory,
    removals,
    roundoff,
    traced,
)

__all__ = [
    "FAILURES",
    "Spec",
    "gradient",
    "has_value",
    "ignoring_functions",
    "in_float64",
    "out_of_memory",
    "removals",
    "roundoff",
    "traced",
]
