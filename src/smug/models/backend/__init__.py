"""The library that Keras runs on, behind one face; no other room imports TensorFlow, JAX or torch.

The modules that bear a library's name have the same face, described in
:mod:`smug.models.backend.tensorflow`. What Keras itself offers on any library (``keras.ops``) is
not part of it.
"""

from __future__ import annotations

import keras

from smug.models.backend.spec import Spec

if keras.config.backend() == "jax":
    from smug.models.backend import jax as chosen
elif keras.config.backend() == "torch":
    from smug.models.backend import torch as chosen  # type: ignore[no-redef]
else:
    from smug.models.backend import tensorflow as chosen  # type: ignore[no-redef]

COMPILES_EACH_SHAPE = chosen.COMPILES_EACH_SHAPE
FAILURES = chosen.FAILURES
gradient = chosen.gradient
has_value = chosen.has_value
ignoring_functions = chosen.ignoring_functions
in_float64 = chosen.in_float64
on_accelerator = chosen.on_accelerator
out_of_memory = chosen.out_of_memory
removals = chosen.removals
roundoff = chosen.roundoff
traced = chosen.traced

__all__ = [
    "COMPILES_EACH_SHAPE",
    "FAILURES",
    "Spec",
    "gradient",
    "has_value",
    "ignoring_functions",
    "in_float64",
    "on_accelerator",
    "out_of_memory",
    "removals",
    "roundoff",
    "spare_rows",
    "traced",
]


def spare_rows(count: int, most: int) -> int:
    """Rows to fill a batch up with, so that a compiled function meets batches of one size.

    Parameters
    ----------
    count : int
        Rows of the batch.
    most : int
        Rows of the other batches.

    Returns
    -------
    int
        0 where any number of rows is as good.
    """
    return max(most - count, 0) if COMPILES_EACH_SHAPE else 0
