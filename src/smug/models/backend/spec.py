"""Shape and type of a tensor that a compiled function takes."""

from __future__ import annotations

from typing import Any, NamedTuple

import keras


class Spec(NamedTuple):
    """Shape, with None for an axis of any length, and Keras's name of the type."""

    shape: tuple[int | None, ...]
    dtype: str

    @classmethod
    def of(cls, tensor: Any) -> Spec:
        """Spec of a tensor or array as it is."""
        return cls(tuple(tensor.shape), keras.backend.standardize_dtype(tensor.dtype))

    @classmethod
    def of_batch(cls, tensor: Any) -> Spec:
        """Spec of a tensor or array whose first axis may have any length."""
        shape, dtype = cls.of(tensor)
        return cls((None, *shape[1:]), dtype)
