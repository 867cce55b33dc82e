"""Table of what works: every method on every kind of model, by running all pairs.

``python docs/works.py`` writes it into ``docs/reference/works.md``; a test holds it up to date.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops

import smug
from smug.errors import SmugError, SmugWarning
from smug.methods import METHODS, method_settings

PATH = Path(__file__).parent / "reference" / "works.md"
COMMAND = "python docs/works.py"

#: Few steps, so that all pairs run in a minute or two.
FEW: dict[str, Any] = {"steps": 2, "points": 1, "ascent_steps": 1, "members": 1, "limit": 1}
FEW |= {"top_k": 6, "window": 1, "time_limit": 5.0, "epsilon": 0.01, "noise": 1e-3}


@dataclass(frozen=True)
class Kind:
    """A kind of model.

    Parameters
    ----------
    about : str
        What the page calls it.
    build : callable
        Makes the model.
    x : array or dict of arrays
        Two inputs.
    choices : dict
        Further arguments of :func:`smug.explain`.
    settings : dict
        Settings, for the methods that have them.
    """

    about: str
    build: Callable[[], keras.Model]
    x: Any
    choices: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)


_RNG = np.random.default_rng(0)
_IMAGE = _RNG.random((2, 4, 4, 2)).astype(np.float32)
_PIXELS = _RNG.integers(0, 256, (2, 4, 4, 2))
_RANGE = {"input_range": (0, 255)}
_SERIES = _RNG.random((2, 6, 2)).astype(np.float32)
_TABLE = _RNG.random((2, 4)).astype(np.float32)
_WORDS = np.array([[1, 2, 3, 4, 0], [5, 4, 3, 2, 1]], np.int32)


def _model(x: Any, *parts: Any, name: str = "model") -> keras.Model:
    y = x
    for part in parts:
        y = part(y)
    return keras.Model(x, y, name=name)


def _end(classes: int = 3) -> list[Any]:
    return [layers.Flatten(), layers.Dense(classes, activation="softmax", name="scores")]


def _conv(kind: type = layers.Conv2D, **settings: Any) -> Any:
    return kind(3, 2, activation="relu", name="first", **settings)


def _image(*before: Any, first: Any = None, dtype: str = "float32") -> keras.Model:
    return _model(keras.Input((4, 4, 2), dtype=dtype), *before, first or _conv(), *_end())


class Places(layers.Layer):
    """Embeddings of words or patches, with learned vectors of their place."""

    def build(self, shape: Any) -> None:
        """Make the vectors."""
        self.table = self.add_weight(shape=tuple(shape[1:]), initializer="normal", name="places")

    def call(self, x: Any) -> Any:
        """Add them."""
        return x + self.table


class PlacesOfIds(layers.Layer):
    """Embeddings of words, and of their places by a second table."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.of_words = layers.Embedding(6, 4, name="of_words", mask_zero=True)
        self.of_places = layers.Embedding(5, 4, name="of_places")

    def call(self, ids: Any) -> Any:
        """Add the vector of each place to that of the word there."""
        return self.of_words(ids) + self.of_places(ops.arange(ids.shape[1]))


def _attended(x: Any) -> Any:
    y = layers.MultiHeadAttention(2, 2, name="attention")(x, x)
    y = layers.LayerNormalization(name="norm")(layers.Add(name="sum")([x, y]))
    return layers.GlobalAveragePooling1D(name="mean")(y)


def _text(*parts: Any, mask_zero: bool = False) -> keras.Model:
    words = layers.Embedding(6, 4, name="words", mask_zero=mask_zero)
    return _model(keras.Input((5,), dtype="int32"), words, *parts, *_end(2)[1:])


def _half(policy: str) -> keras.Model:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        return _image()
    finally:
        keras.config.set_dtype_policy(before)


class _Own(keras.Model):
    """A subclassed model that computes between its layers."""

    def __init__(self) -> None:
        super().__init__(name="model")
        self.first, self.scores = _conv(), layers.Dense(3, activation="softmax", name="scores")

    def call(self, x: Any) -> Any:
        return self.scores(ops.mean(self.first(2.0 * x - 1.0), axis=(1, 2)))


def _own() -> keras.Model:
    model = _Own()
    model(_IMAGE)
    return model


def _two_inputs() -> keras.Model:
    photo, facts = keras.Input((4, 4, 2), name="photo"), keras.Input((4,), name="facts")
    seen = layers.Flatten(name="flat")(_conv()(photo))
    known = layers.Dense(3, activation="relu", name="known")(facts)
    both = layers.Concatenate(name="both")([seen, known])
    return keras.Model([photo, facts], _end()[1](both), name="model")


def _two_outputs() -> keras.Model:
    x = keras.Input((4, 4, 2))
    y = layers.Flatten(name="flat")(_conv()(x))
    kind = layers.Dense(3, activation="softmax", name="kind")(y)
    return keras.Model(x, [kind, layers.Dense(1, name="size")(y)], name="model")


def _segmentation() -> keras.Model:
    x = keras.Input((4, 4, 2))
    y = _conv(padding="same")(x)
    return _model(x, lambda _: layers.Conv2D(3, 1, activation="softmax", name="maps")(y))


def _patches() -> keras.Model:
    first = layers.Conv2D(4, 2, strides=2, name="first")
    rows = layers.Reshape((4, 4), name="rows")
    return _model(
        keras.Input((4, 4, 2)), first, rows, Places(name="places"), _attended, *_end()[1:]
    )


KINDS: tuple[Kind, ...] = (
    Kind("image, Conv2D", _image, _IMAGE),
    Kind("image, uint8", lambda: _image(layers.Rescaling(1 / 255, name="scaled"), dtype="uint8"),
         _PIXELS.astype(np.uint8), settings=_RANGE),
    Kind("image, int32", lambda: _image(layers.Rescaling(1 / 255, name="scaled"), dtype="int32"),
         _PIXELS.astype(np.int32), settings=_RANGE),
    Kind("image, preprocessing inside (resized, normalised)",
         lambda: _image(layers.Resizing(3, 3, name="resized"),
                        layers.Normalization(mean=0.5, variance=0.1, name="normalised")), _IMAGE),
    Kind("image, augmentation inside",
         lambda: _image(layers.RandomFlip(name="flip"), layers.RandomRotation(0.1, name="turn"),
                        layers.GaussianNoise(0.1, name="noise")), _IMAGE),
    Kind("image, channels first",
         lambda: _image(first=_conv(data_format="channels_first")), _IMAGE),
    Kind("image, groups",
         lambda: _image(first=layers.Conv2D(4, 2, groups=2, activation="relu", name="first")),
         _IMAGE),
    Kind("image, depthwise",
         lambda: _image(first=layers.DepthwiseConv2D(2, activation="relu", name="first")),
         _IMAGE),
    Kind("image, separable", lambda: _image(first=_conv(layers.SeparableConv2D)), _IMAGE),
    Kind("image, transposed", lambda: _image(first=_conv(layers.Conv2DTranspose)), _IMAGE),
    Kind("image, patches and attention (ViT)", _patches, _IMAGE),
    Kind("image, mixed_float16", lambda: _half("mixed_float16"), _IMAGE),
    Kind("image, mixed_bfloat16", lambda: _half("mixed_bfloat16"), _IMAGE),
    Kind("image, subclassed model", _own, _IMAGE),
    Kind("image and table (`explain=`)", _two_inputs, {"photo": _IMAGE, "facts": _TABLE},
         {"explain": "photo"}),
    Kind("image, several outputs (`output=`)", _two_outputs, _IMAGE, {"output": "kind"}),
    Kind("image, segmentation map (`reduce=`)", _segmentation, _IMAGE, {"reduce": "mean"}),
    Kind("volume, Conv3D",
         lambda: _model(keras.Input((3, 3, 2, 1)), _conv(layers.Conv3D), *_end()),
         _RNG.random((2, 3, 3, 2, 1)).astype(np.float32)),
    Kind("series, Conv1D", lambda: _model(keras.Input((6, 2)), _conv(layers.Conv1D), *_end()),
         _SERIES),
    Kind("series, LSTM",
         lambda: _model(keras.Input((6, 2)), layers.LSTM(3, name="memory"), *_end()[1:]), _SERIES),
    Kind("table, Dense",
         lambda: _model(keras.Input((4,)), layers.Dense(6, "relu", name="first"), *_end()[1:]),
         _TABLE),
    Kind("table, whole numbers",
         lambda: _model(keras.Input((4,), dtype="int32"), layers.Rescaling(0.5, name="scaled"),
                        layers.Dense(6, "relu", name="first"), *_end()[1:]),
         np.array([[1, 2, 3, 4], [4, 3, 1, 0]], np.int32), settings=_RANGE),
    Kind("words, Conv1D",
         lambda: _text(_conv(layers.Conv1D), layers.GlobalMaxPooling1D(name="most")), _WORDS),
    Kind("words, LSTM", lambda: _text(layers.LSTM(3, name="memory")), _WORDS),
    Kind("words, LSTM with `mask_zero`",
         lambda: _text(layers.LSTM(3, name="memory"), mask_zero=True), _WORDS),
    Kind("words, attention with places", lambda: _text(Places(name="places"), _attended), _WORDS),
    Kind("words, attention, two embeddings, `mask_zero`",
         lambda: _model(keras.Input((5,), dtype="int32"), PlacesOfIds(name="embedded"), _attended,
                        *_end(2)[1:]), _WORDS),
)  # fmt: skip


def outcome(kind: Kind, model: keras.Model, method: str) -> str:
    """Run one pair: empty where it works, else the reason of the refusal.

    Raises
    ------
    AssertionError
        An answer that is not finite, or not shaped like the input.
    """
    given = FEW | kind.settings
    few = {name: value for name, value in given.items() if name in method_settings(method)}
    with warnings.catch_warnings():
        # A map of zeros is an answer.
        warnings.simplefilter("ignore", SmugWarning)
        try:
            made = smug.explain(model, kind.x, method=method, **kind.choices, **few)
        except SmugError as error:
            return str(error)
    positions = tuple(made.inputs.shape[axis] for axis in made.position_axes)
    assert made.saliency().shape == (2, *positions), (kind.about, method)
    assert np.isfinite(made.values).all(), (kind.about, method)
    assert (made.mask is not None) == METHODS[method].mask, (kind.about, method)
    return ""


def outcomes(kinds: Sequence[Kind] = KINDS) -> dict[str, dict[str, str]]:
    """Reason of each refusal by kind and method; empty where the pair works."""
    found = {}
    for kind in kinds:
        keras.utils.set_random_seed(0)
        model = kind.build()
        found[kind.about] = {method: outcome(kind, model, method) for method in METHODS}
    return found


def page(found: dict[str, dict[str, str]]) -> str:
    """Table of all pairs, the reasons below it."""
    reasons = list(dict.fromkeys(why for row in found.values() for why in row.values() if why))
    number = {why: f"no ({reasons.index(why) + 1})" for why in reasons} | {"": "yes"}
    lines = [
        "| model | " + " | ".join(f"`{method}`" for method in METHODS) + " |",
        "|---" * (len(METHODS) + 1) + "|",
        *(
            f"| {about} | " + " | ".join(number[row[method]] for method in METHODS) + " |"
            for about, row in found.items()
        ),
        "",
        "What a method says where it refuses:",
        "",
        *(f"{k}. {_shown(why)}" for k, why in enumerate(reasons, 1)),
    ]
    return "\n".join(lines) + "\n"


def _shown(why: str) -> str:
    """Reason as text of a page: names and numbers stand as they are."""
    return why.replace("\\", "\\\\").replace("*", "\\*").replace("<", "&lt;")


def check(found: dict[str, dict[str, str]], path: Path, command: str) -> None:
    """Refuse a page that differs from what the pairs say now.

    Parameters
    ----------
    found : dict
        As of :func:`outcomes`.
    path : pathlib.Path
        The page.
    command : str
        What writes it.

    Raises
    ------
    SmugError
        Names the file and the command that writes it.
    """
    if not path.exists() or path.read_text("utf-8") != page(found):
        raise SmugError(f"docs/reference/{path.name} no longer says what works; run: {command}")


def main() -> None:
    """Run all pairs and write the table."""
    PATH.write_text(page(outcomes()), "utf-8")


if __name__ == "__main__":
    main()
