"""Read the variables of a TensorFlow checkpoint."""

from __future__ import annotations

import os

import numpy as np

from smug.io import reading
from smug.models.backend.library import tensorflow


def read_checkpoint(prefix: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """Read every variable of a checkpoint by name, against its checksum.

    Parameters
    ----------
    prefix : path-like
        What the names of the checkpoint's files begin with, without ``.index`` or ``.data``.

    Raises
    ------
    SmugError
        Missing or damaged files, or no TensorFlow to read them with.
    """
    tf = tensorflow("reading a TensorFlow checkpoint", running=False)
    with reading(
        prefix,
        damaged="is no TensorFlow checkpoint that can be read",
        step="give the prefix its files share, without .index or .data, or fetch them again",
    ):
        reader = tf.train.load_checkpoint(os.fspath(prefix))
        return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}
