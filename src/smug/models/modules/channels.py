"""Models with their channels first, fed with images or series that have them last."""

from __future__ import annotations

from typing import Any

import keras

from smug.models.axes import channels_first


def channels_last(model: keras.Model, axes: int) -> keras.Model:
    """A model as it takes inputs with their channels last, where it has them first.

    Parameters
    ----------
    model : keras.Model
        Of one input that it has written down.
    axes : int
        Number of axes of an input that has channels: 3 for images, 2 for series. A model of
        other inputs comes back as it is.
    """
    turned = channels_first(model) and len(model.inputs[0].shape) == axes + 1
    return ChannelsLast(model) if turned else model


class ChannelsLast(keras.Model):
    """A model with its channels first, as one with its channels last.

    Parameters
    ----------
    whole : keras.Model
        Of one input that it has written down, shape ``(channels, *sides)``.
    """

    def __init__(self, whole: keras.Model) -> None:
        super().__init__(name=whole.name, autocast=False)
        given = whole.inputs[0]
        _, channels, *sides = given.shape
        self.whole = whole
        self.turn = keras.layers.Permute(
            (len(sides) + 1, *range(1, len(sides) + 1)), name="to_first"
        )
        self.turn.built = True
        self.inputs = [keras.KerasTensor((None, *sides, channels), given.dtype, name=given.name)]
        if getattr(whole, "outputs", None):
            self.outputs = whole.outputs
        self.built = True

    def call(self, x: Any, training: bool | None = None) -> Any:
        """Answer of the model to a batch, ``(batch, *sides, channels)``."""
        return self.whole(self.turn(x), training=training)
