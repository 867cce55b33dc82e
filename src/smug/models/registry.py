"""Every network the workflow knows by name: how to load it and what it wants to be fed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from smug.datasets.beer.tokenizer import PADDING
from smug.errors import SmugError, unknown_name
from smug.io import is_saved_model, reading
from smug.models.modules.onnx import load_onnx
from smug.models.networks import (
    applications,
    efficientnet_lite0,
    inception_v1,
    mnist_cnn,
    mnist_mlp,
    squeezenet,
    text_cnn,
)
from smug.models.preprocessing import CENTRED, Preprocessing, padding_words
from smug.models.saved_model import load_saved_model
from smug.models.weights.npz import check_finite


@dataclass(frozen=True)
class Network:
    """A network as the workflow uses it: its inputs, its view, everything but its weights.

    Parameters
    ----------
    preprocess : callable
        From uint8 pixels (n, height, width[, 3]) to float32 inputs.
    input_range : tuple of float or numpy.ndarray, shape (3,)
        Black and white as the network gets them: the baselines of Integrated Gradients.
    view : callable
        From the network as it was trained to the one that is explained, with an output a class.
    padding_id : int, optional
        For networks on words: the input that is padding, never masked or counted.
    """

    preprocess: Callable[[np.ndarray], np.ndarray]
    input_range: tuple[float | np.ndarray, float | np.ndarray]
    view: Callable[[keras.Model], keras.Model] = lambda model: model
    padding_id: int | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels of the photographs that the network takes.

        Raises
        ------
        SmugError
            A network on other inputs.
        """
        if not isinstance(self.preprocess, Preprocessing):
            raise SmugError("this network takes no photographs; choose one that does with model=")
        return self.preprocess.size

    def padding(self, x: np.ndarray, spatial: tuple[int, ...]) -> np.ndarray:
        """Positions of a batch that are padding, bool, shape ``(n, *spatial)``."""
        return padding_words(x, spatial, self.padding_id)

    @classmethod
    def of_photographs(cls, preprocess: Preprocessing) -> Network:
        """Network on photographs of the size that its preprocessing names."""
        return cls(preprocess, (preprocess.constant(0)[0, 0], preprocess.constant(255)[0, 0]))


#: Functions, since the preprocessing of some is found by building them.
NETWORKS: dict[str, Callable[[], Network]] = {
    "mnist_mlp": lambda: Network(mnist_mlp.scale, (0.0, 1.0)),
    "mnist_cnn": lambda: Network(mnist_cnn.scale, (0.0, 1.0)),
    "efficientnet_lite0": lambda: Network.of_photographs(efficientnet_lite0.PREPROCESSING),
    "squeezenet": lambda: Network.of_photographs(squeezenet.PREPROCESSING),
    "inception_v1": lambda: Network.of_photographs(inception_v1.PREPROCESSING["slim"]),
    "googlenet": lambda: Network.of_photographs(inception_v1.PREPROCESSING["bvlc"]),
    "inception_v3": lambda: network("InceptionV3"),
    "resnet50": lambda: network("ResNet50"),
    "text_cnn": lambda: Network(
        lambda tokens: np.asarray(tokens, np.int32),
        (0.0, 0.0),
        text_cnn.two_classes,
        padding_id=PADDING,
    ),
    "imagenet_cnn": lambda: Network.of_photographs(CENTRED),
}


def network(name: str) -> Network:
    """Look a network up by its name here or in ``keras.applications``."""
    if name in NETWORKS:
        return NETWORKS[name]()
    if name in applications.names():
        return Network.of_photographs(applications.preprocessing(name))
    raise unknown_name("model", name, [*NETWORKS, *applications.names()])


def load_model(path: str | Path) -> keras.Model:
    """Read a ``.keras``, ``.h5`` or ``.onnx`` file, whose code is refused, or a SavedModel folder.

    ``smug.load`` is this function. An ONNX file needs ``smug[onnx]`` and ``KERAS_BACKEND=torch``
    (:func:`smug.models.modules.onnx.load_onnx`). A SavedModel needs TensorFlow, which runs
    whatever is in it; only methods that need not look into a model explain it
    (:func:`smug.models.saved_model.load_saved_model`).

    Raises
    ------
    SmugError
        Missing or damaged file, one that needs to run code of its own (a Lambda layer), or one
        with weights that are no numbers.
    """
    if is_saved_model(path) or Path(path).suffix.lower() == ".onnx":
        model = load_saved_model(path) if is_saved_model(path) else load_onnx(path)
        check_finite(model, path)
        return model
    with reading(
        path,
        what="model file",
        missing="give a .keras, .h5 or .onnx file, or a SavedModel folder",
        damaged="is not a Keras model that can be read",
        step="save it again with model.save",
    ):
        if not Path(path).is_file():
            raise FileNotFoundError(path)
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    check_finite(model, path)
    return model
