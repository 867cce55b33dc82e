"""From pixels to a network's input: the size and scale a model was trained with, as data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from smug.errors import SmugError


@dataclass(frozen=True)
class Preprocessing:
    """``input = (pixel - mean) / scale`` on images resized (bilinear) to ``size``.

    Parameters
    ----------
    size : (int, int)
        Height and width of the input in pixels.
    mean, scale : tuple of three floats
        Per channel, in the network's channel order, in units of 8-bit pixel values.
    channel_order : "rgb" or "bgr"
        Order in which the network wants the channels; images always come as RGB.
    """

    size: tuple[int, int]
    mean: tuple[float, float, float]
    scale: tuple[float, float, float]
    channel_order: str = "rgb"

    def __post_init__(self) -> None:
        if self.channel_order not in ("rgb", "bgr"):
            raise SmugError(f"channel_order={self.channel_order!r}; allowed: 'rgb', 'bgr'")
        if len(self.mean) != 3 or len(self.scale) != 3 or 0 in self.scale:
            raise SmugError(
                f"mean={self.mean}, scale={self.scale}; each needs three values, "
                "and no scale may be zero"
            )

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Turn pixels into the network's input.

        Parameters
        ----------
        images : numpy.ndarray, shape (..., height, width, 3)
            RGB pixel values in ``[0, 255]``, uint8 or float.

        Returns
        -------
        numpy.ndarray, same shape, float32
        """
        images = np.asarray(images, np.float32)
        if images.ndim < 3 or images.shape[-1] != 3:
            raise SmugError(f"images have shape {images.shape}; expected (..., height, width, 3)")
        if self.channel_order == "bgr":
            images = images[..., ::-1]
        return (images - np.array(self.mean, np.float32)) / np.array(self.scale, np.float32)

    def constant(self, pixel: float) -> np.ndarray:
        """Input of an image that is ``pixel`` everywhere, shape (height, width, 3), float32.

        Black (0) and white (255) are the baselines of Integrated Gradients.
        """
        return self(np.full((*self.size, 3), pixel, np.float32))


#: Pixels in [-1, 1]: what every network on photographs trained here is fed.
CENTRED = Preprocessing((224, 224), (127.5,) * 3, (127.5,) * 3)


def padding_words(x: np.ndarray, spatial: tuple[int, ...], pad_id: int | None) -> np.ndarray:
    """Positions of a batch that hold padding, bool of shape (batch, *spatial).

    Parameters
    ----------
    x : numpy.ndarray, shape (batch, *spatial) for words
        Inputs of a model.
    spatial : tuple of int
        Number of words; rows and columns of an image.
    pad_id : int, optional
        The id of padding words; None: nothing is padding.
    """
    if pad_id is None:
        return np.zeros((len(x), *spatial), bool)
    return x == pad_id
