"""Train a CNN on an ImageNet folder: from scratch, or a new head on a trained network.

After each epoch everything that the next one needs stands in a backup folder: a run that was
killed goes on there, and ends with the weights it would have had without the kill.
"""

from __future__ import annotations

import math
import shutil
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import keras
import numpy as np
from keras import layers

from smug.datasets.images import ImageRecord, read_image, resize
from smug.errors import SmugError
from smug.io import atomic, load_json, save_json
from smug.models import rewire
from smug.models.backend.library import tensorflow
from smug.models.preprocessing import CENTRED, Preprocessing

_WEIGHTS = "epoch-{:05d}.weights.h5"
_TRAINING = "training on a folder of photographs"


def build(
    classes: int,
    *,
    base: keras.Model | None = None,
    base_preprocessing: Preprocessing = CENTRED,
    freeze: bool = True,
    filters: Sequence[int] = (32, 64, 128, 256),
    learning_rate: float = 1e-2,
    size: tuple[int, int] = CENTRED.size,
) -> keras.Model:
    """Build and compile a network on photographs as ``CENTRED`` makes them.

    Parameters
    ----------
    classes : int
        Number of outputs.
    base : keras.Model, optional
        Functional model whose last layer, a dense classifier, gives way to a new one. Without it
        the network is new: 3×3 convolutions of stride 2 with batch normalisation and ReLU.
    base_preprocessing : Preprocessing
        Scale and channel order that `base` wants; a layer in front of it adapts. Its size may
        differ from `size`: a network that ends in a pooling of all positions works at any.
    freeze : bool
        Train the new classifier alone; batch normalisation keeps its averages.
    filters : sequence of int
        Of the convolutions of a network without a base.
    learning_rate : float
        Of stochastic gradient descent with momentum 0.9.
    size : (int, int)
        Height and width of the input in pixels.

    Returns
    -------
    keras.Model
        Maps images, shape (batch, height, width, 3), to probabilities, shape (batch, classes).

    Raises
    ------
    SmugError
        The base has no dense layer at its end.
    """
    inputs = keras.Input((*size, 3), name="image")
    if base is None:
        features = _convolutions(inputs, filters)
    else:
        trunk = _trunk(base, size)
        trunk.trainable = not freeze
        features = trunk(_adapted(inputs, base_preprocessing))
    outputs = layers.Dense(classes, activation="softmax", name="class_probability")(features)
    model = keras.Model(inputs, outputs, name="imagenet_cnn")
    model.compile(
        # Not Adam: on several devices Keras lets its count of steps run ahead of some of them.
        optimizer=keras.optimizers.SGD(learning_rate, momentum=0.9),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def _convolutions(x: Any, filters: Sequence[int]) -> Any:
    for i, channels in enumerate(filters, 1):
        x = layers.Conv2D(channels, 3, 2, "same", use_bias=False, name=f"conv_{i}")(x)
        x = layers.BatchNormalization(name=f"bn_{i}")(x)
        x = layers.ReLU(name=f"relu_{i}")(x)
    return layers.GlobalAveragePooling2D(name="pool")(x)


def _trunk(base: keras.Model, size: tuple[int, int]) -> keras.Model:
    """Everything of a network but its classifier, at another input size if need be."""
    classifier = base.layers[-1]
    if not isinstance(classifier, layers.Dense):
        raise SmugError(
            f"{base.name} ends with {type(classifier).__name__} {classifier.name!r}; a new head "
            "needs a base whose last layer is the dense classifier"
        )
    trunk = keras.Model(base.inputs[0], classifier.input, name="base")
    if base.input_shape[1:3] == tuple(size):
        return trunk
    resized = keras.models.clone_model(trunk, keras.Input((*size, 3), name="image"))
    resized.set_weights(trunk.get_weights())
    return resized


def _adapted(x: Any, wanted: Preprocessing) -> Any:
    """Bring inputs of ``CENTRED`` to what a base was trained with."""
    if wanted.channel_order == "bgr":
        x = x[..., ::-1]  # CENTRED is the same for all three channels
    scale = np.divide(CENTRED.scale, wanted.scale)
    offset = np.subtract(CENTRED.mean, wanted.mean) / wanted.scale
    if np.allclose(scale, 1) and np.allclose(offset, 0):
        return x
    return layers.Rescaling(scale.tolist(), offset.tolist(), name="adapt")(x)


def batches(
    records: Sequence[ImageRecord],
    batch_size: int,
    *,
    size: tuple[int, int] = CENTRED.size,
    seed: Sequence[int] | None = None,
    augment: float = 0.0,
    whole: bool = False,
    unreadable: set[str] | None = None,
) -> Any:
    """Read images as they are needed.

    Parameters
    ----------
    records : sequence of ImageRecord
        Labelled images; one that cannot be read is left out and named once on standard error.
    batch_size : int
        Images per batch; the last one may be smaller.
    size : (int, int)
        Height and width in pixels.
    seed : sequence of int, optional
        Of the order and the changes; without it images come in their order, unchanged.
    augment : float
        Mirror images at random, shift and zoom them by up to this share of their size.
    whole : bool
        Leave out a last batch of fewer images.
    unreadable : set of str, optional
        Ids of images that could not be read are added to it.

    Returns
    -------
    tf.data.Dataset
        Of (images, labels): float32 of shape (batch, height, width, 3), int64 of shape (batch,).
    """
    tf = tensorflow(_TRAINING, running=True)
    missing = set() if unreadable is None else unreadable
    preprocess = Preprocessing(size, CENTRED.mean, CENTRED.scale)

    def read(row: np.ndarray) -> tuple[np.ndarray, bool]:
        record = records[int(row)]
        try:
            return preprocess(resize(read_image(record.path, record.upright), size)), True
        except SmugError as error:
            if record.id not in missing:
                missing.add(record.id)
                print(error, file=sys.stderr, flush=True)
            return np.zeros((*size, 3), np.float32), False

    def read_row(row: Any, label: Any) -> tuple[Any, ...]:
        image, good = tf.numpy_function(read, [row], (tf.float32, tf.bool))
        return tf.ensure_shape(image, (*size, 3)), label, tf.ensure_shape(good, ())

    rows = np.arange(len(records))
    if seed is not None:
        np.random.default_rng(seed).shuffle(rows)
    labels = np.array([record.label for record in records], np.int64)
    data = tf.data.Dataset.from_tensor_slices((rows, labels[rows]))
    data = data.map(read_row, num_parallel_calls=tf.data.AUTOTUNE)
    data = data.filter(lambda image, label, good: good)
    data = data.map(lambda image, label, good: (image, label))
    data = data.batch(batch_size, drop_remainder=whole)
    if seed is not None and augment:
        change = _changes(augment, seed)
        # One batch after the other: the layers count their random numbers.
        data = data.map(lambda images, labels: (change(images), labels))
    return data.prefetch(2)


def _changes(augment: float, seed: Sequence[int]) -> Callable[[Any], Any]:
    first, second, third = (int(n) for n in np.random.default_rng(seed).integers(2**31, size=3))
    steps = [
        layers.RandomFlip("horizontal", seed=first),
        layers.RandomTranslation(augment, augment, seed=second),
        layers.RandomZoom(augment, seed=third),
    ]

    def change(images: Any) -> Any:
        for step in steps:
            images = step(images, training=True)
        return images

    return change


def train(
    build_model: Callable[[], keras.Model],
    training: Sequence[ImageRecord],
    validation: Sequence[ImageRecord],
    backup: str | Path,
    *,
    about: Mapping[str, Any],
    epochs: int,
    batch_size: int = 32,
    augment: float = 0.1,
    seed: int = 0,
    devices: Sequence[str] | None = None,
) -> tuple[keras.Model, list[dict[str, float]], set[str]]:
    """Train, or go on after the last whole epoch that the backup folder holds.

    Parameters
    ----------
    build_model : callable
        Returns the compiled network.
    training, validation : sequence of ImageRecord
        Labelled images.
    backup : path-like
        Folder for the state after each epoch; see :func:`forget`.
    about : mapping
        What the run depends on, as JSON can hold it. A backup with other contents is dropped.
    epochs : int
        Passes over the training images, those before a kill included.
    batch_size : int
        Images per step, over all devices.
    augment, seed
        As for :func:`batches`; the seed also sets the first weights.
    devices : sequence of str, optional
        Where to train; all GPUs by default. Several share each batch (``tf.distribute``).

    Returns
    -------
    model : keras.Model
    history : list of dict
        Row by epoch: ``epoch`` (from 1), ``seconds``, ``val_loss``, ``val_accuracy``; on a single
        device also ``loss`` and ``accuracy``, means over the epoch while the weights changed.
    unreadable : set of str
        Ids of the images that could not be read.

    Raises
    ------
    SmugError
        No image can be read, or the backup is damaged.
    """
    backup = Path(backup)
    unreadable: set[str] = set()
    keras.utils.set_random_seed(seed)
    strategy = _strategy(devices)
    with strategy.scope():
        model = build_model()
        model.optimizer.build(model.trainable_variables)
        history = _restore(model, backup, about)
    size = model.input_shape[1:3]
    for epoch in range(len(history), epochs):
        begin = perf_counter()
        data = batches(
            training,
            batch_size,
            size=size,
            seed=(seed, epoch),
            augment=augment,
            # A device that gets no image of a batch would say that its loss is NaN.
            whole=strategy.num_replicas_in_sync > 1,
            unreadable=unreadable,
        )
        found = _fit(model, data, len(training), epoch)
        if strategy.num_replicas_in_sync > 1:
            found = {}  # Keras adds up several devices' metrics wrongly (its issue 21054)
        measured = measure(model, validation, batch_size, unreadable=unreadable)
        found |= {f"val_{name}": value for name, value in measured.items()}
        row = {"epoch": epoch + 1, "seconds": round(perf_counter() - begin, 3), **found}
        print(", ".join(f"{name} {value:.6g}" for name, value in row.items()), flush=True)
        history.append(row)
        _keep(model, history, backup)
    return model, history, unreadable


def _strategy(devices: Sequence[str] | None) -> Any:
    tf = tensorflow(_TRAINING, running=True)
    if devices is None:
        devices = [device.name for device in tf.config.list_logical_devices("GPU")]
    if len(devices) > 1:
        return tf.distribute.MirroredStrategy(list(devices))
    return tf.distribute.get_strategy()


def _fit(model: keras.Model, data: Any, count: int, epoch: int) -> dict[str, float]:
    with warnings.catch_warnings():
        # Nobody knows how many images can be read before they are.
        warnings.filterwarnings("ignore", "Your input ran out of data")
        made = model.fit(
            data, initial_epoch=epoch, epochs=epoch + 1, verbose=0, shuffle=False
        ).history
    if "loss" not in made:
        raise SmugError(
            f"{count} training images give no batch: they cannot be read (see the messages "
            "above), or are fewer than model.batch_size, which several devices need"
        )
    return {name: float(values[-1]) for name, values in made.items()}


def measure(
    model: keras.Model,
    records: Sequence[ImageRecord],
    batch_size: int,
    *,
    unreadable: set[str] | None = None,
) -> dict[str, float]:
    """Mean ``loss`` (cross entropy) and ``accuracy`` over the images that can be read.

    Parameters are those of :func:`batches`; both values are NaN without any image.
    """
    losses, right = [], []
    data = batches(records, batch_size, size=model.input_shape[1:3], unreadable=unreadable)
    for images, labels in data.as_numpy_iterator():
        probability = rewire.outputs_of(model, images)
        own = probability[np.arange(len(labels)), labels]
        losses.extend(-np.log(np.maximum(own, keras.config.epsilon())))
        right.extend(probability.argmax(axis=1) == labels)
    if not losses:
        return {"loss": math.nan, "accuracy": math.nan}
    return {"loss": float(np.mean(losses)), "accuracy": float(np.mean(right))}


def _restore(model: keras.Model, backup: Path, about: Mapping[str, Any]) -> list[dict[str, float]]:
    """Load the newest state of a backup and return its history; make the folder if it is new."""
    known = backup / "about.json"
    if known.is_file() and load_json(known) != dict(about):
        print(f"{backup} is of a run with other settings; training starts anew", flush=True)
        forget(backup)
    if not known.is_file():
        save_json(known, dict(about))
    kept = sorted(backup.glob(_WEIGHTS.replace("{:05d}", "*")))
    if not kept:
        return []
    try:
        model.load_weights(kept[-1])
    except (OSError, ValueError, KeyError) as error:
        raise SmugError(f"{kept[-1]} is damaged ({error}); delete {backup}") from error
    epochs = int(kept[-1].name.removeprefix("epoch-").partition(".")[0])
    print(f"going on after epoch {epochs} in {backup}", flush=True)
    # A kill may have come between the history and the weights of its last row.
    return load_json(backup / "history.json")[:epochs]


def _keep(model: keras.Model, history: list[dict[str, float]], backup: Path) -> None:
    """Write the state after an epoch, whole or not at all, and drop the one before."""
    save_json(backup / "history.json", history)
    path = backup / _WEIGHTS.format(len(history))
    with atomic(path) as temporary:
        model.save_weights(temporary)
    for old in backup.glob(_WEIGHTS.replace("{:05d}", "*")):
        if old != path:
            old.unlink()


def forget(backup: str | Path) -> None:
    """Remove a backup folder, once its network is saved."""
    shutil.rmtree(backup, ignore_errors=True)
