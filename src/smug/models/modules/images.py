"""Models with their channels first, fed with images that have them last."""

from __future__ import annotations

from typing import Any

import keras


class ChannelsLast(keras.Model):
    """A model of images with their channels first, as one with its channels last.

    Parameters
    ----------
    whole : keras.Model
        Of one input that it has written down, shape (channels, height, width).
    """

    def __init__(self, whole: keras.Model) -> None:
        super().__init__(name=whole.name, autocast=False)
        given = whole.inputs[0]
        _, channels, *sides = given.shape
        self.whole = whole
        self.turn = keras.layers.Permute((3, 1, 2), name="to_first")
        self.turn.built = True
        self.inputs = [keras.KerasTensor((None, *sides, channels), given.dtype, name=given.name)]
        self.built = True

    def call(self, x: Any, training: bool | None = None) -> Any:
        """Answer of the model to images, (batch, height, width, channels)."""
        return self.whole(self.turn(x), training=training)
