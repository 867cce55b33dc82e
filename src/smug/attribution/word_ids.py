"""Word ids held against the vocabularies of a model's embeddings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from smug.errors import SmugError
from smug.models import rewire
from smug.models.backend import Spec
from smug.models.inputs import as_batch


def check_word_ids(model: keras.Model, x: np.ndarray) -> None:
    """Refuse ids that an embedding has no vector for: it would take another's, or fail.

    Parameters
    ----------
    model : keras.Model
    x : numpy.ndarray, shape (batch, ...)
        As the model takes it.

    Raises
    ------
    SmugError
        Names the id, the input and the layer.
    """
    embeddings = [op for op in rewire.leaves(model) if isinstance(op, keras.layers.Embedding)]
    if not embeddings or not len(x):
        return
    for layer, ids in _embedded(model, embeddings, x):
        wrong = (ids < 0) | (ids >= layer.input_dim) | (ids != np.floor(ids))
        if wrong.any():
            where = np.argwhere(wrong)[0]
            raise SmugError(
                f"the word id {ids[tuple(where)]} in input {where[0]} is not a whole number in "
                f"[0, {layer.input_dim}), the vocabulary of layer {layer.name!r}; give the ids of "
                "the vocabulary that the model was trained with"
            )


def _embedded(
    model: keras.Model, embeddings: list[Any], x: np.ndarray
) -> list[tuple[Any, np.ndarray]]:
    """Each run of each embedding with the ids that reach it."""
    batch = as_batch(model, x)
    spec = Spec.of_batch(batch)

    def build() -> Callable:
        layers: list[Any] = []

        def run(x: Any) -> list[Any]:
            found = []

            def watching(op: Any) -> Callable:
                original = op.call

                def call(ids: Any, *args: Any, **kwargs: Any) -> Any:
                    found.append((op, ids))
                    inside = ops.clip(ids, 0, op.input_dim - 1)
                    return original(inside, *args, **kwargs)

                return call

            with rewire.substituted({op: watching(op) for op in embeddings}):
                model(x, training=False)
            layers[:] = [op for op, _ in found]
            return [ids for _, ids in found]

        function = rewire.traced(model, run, (spec,))

        def answer(x: np.ndarray) -> list[tuple[Any, np.ndarray]]:
            ids = [ops.convert_to_numpy(one) for one in function(x)]
            return list(zip(layers, ids, strict=True))

        return answer

    return rewire.compiled(model, ("embedded", spec), build)(batch)
