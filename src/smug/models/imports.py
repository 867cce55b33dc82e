"""Networks that come with trained weights: from a package, a file, or Keras's own downloads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras

from smug.errors import SmugError, unknown_name
from smug.models.networks import applications, efficientnet_lite0, inception_v1, squeezenet
from smug.models.weights.npz import check_finite


@dataclass(frozen=True)
class Import:
    """Ways to build one network.

    Parameters
    ----------
    build : callable
        With fresh weights.
    published : callable
        From a file as its publishers write it.
    saved : callable
        From an ``.npz`` of :func:`smug.models.weights.npz.save_npz`.
    packaged : callable, optional
        With the weights that an installed package ships, for networks that have such a package.
    """

    build: Callable[[], keras.Model]
    published: Callable[[str], keras.Model]
    saved: Callable[[str], keras.Model]
    packaged: Callable[[], keras.Model] | None = None


def import_model(name: str, weights: str | None) -> keras.Model:
    """Build a network with its trained weights.

    Parameters
    ----------
    name : str
        One of :data:`IMPORTS` or of ``keras.applications``.
    weights : str, optional
        A file, an ``.npz`` of :func:`smug.models.weights.npz.save_npz` included, or ``imagenet``
        for what Keras downloads; None means what the installed package of the network ships.

    Raises
    ------
    SmugError
        Unknown network, no weights given, or a file that does not fit or holds no numbers.
    """
    of_keras = applications.names()
    if name not in IMPORTS and name not in of_keras:
        raise unknown_name("network with trained weights", name, [*IMPORTS, *of_keras])
    known = IMPORTS[name] if name in IMPORTS else _of_keras(name)
    if weights is not None:
        saved = Path(weights).suffix == ".npz"
        model = known.saved(weights) if saved else known.published(weights)
    elif known.packaged is not None:
        model = known.packaged()
    else:
        raise SmugError(
            f"model.weights=null: {name} needs a file of weights; see DATA.md, "
            "then set imagenet:model.weights=<file>"
        )
    check_finite(model, weights or name)
    return model


def _of_keras(name: str) -> Import:
    def built(weights: str | None = None) -> keras.Model:
        return applications.build(name, weights)

    return Import(built, built, built)


#: Every network that can be imported, by name.
IMPORTS: dict[str, Import] = {
    "efficientnet_lite0": Import(
        efficientnet_lite0.build,
        efficientnet_lite0.import_weights,
        efficientnet_lite0.load,
        efficientnet_lite0.import_weights,
    ),
    "squeezenet": Import(
        squeezenet.build, squeezenet.import_weights, squeezenet.load, squeezenet.import_weights
    ),
    "inception_v1": Import(inception_v1.build, inception_v1.import_slim, inception_v1.load),
    "googlenet": Import(
        lambda: inception_v1.build("bvlc", batch_norm=False),
        inception_v1.import_onnx,
        lambda weights: inception_v1.load(weights, "bvlc"),
    ),
    "inception_v3": _of_keras("InceptionV3"),
    "resnet50": _of_keras("ResNet50"),
}
