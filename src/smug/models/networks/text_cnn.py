"""Text CNN of the Beer Reviews experiments: embedding, one convolution, max-pool, sigmoid.

Sahoo et al. 2021, text experiments: Embedding(10000, 100) → Conv1D(128, width 3, ReLU) →
GlobalMaxPool → Dense(1, sigmoid), mean squared error, Adam, batches of 128, 10 epochs.
"""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np

from smug.errors import SmugError
from smug.limits import check_name
from smug.masks.text.problem import TextNetwork
from smug.models.balance import MIDDLE, balanced

#: Whether what decides when training stops should rise or fall.
_BETTER = {"loss": "min", "correlation": "max"}
_LAYERS = ("Embedding", "Conv1D", "GlobalMaxPooling1D", "Dense")


def build(
    *,
    num_words: int = 10_000,
    embedding: int = 100,
    filters: int = 128,
    width: int = 3,
    max_words: int = 500,
    seed: int = 0,
) -> keras.Model:
    """Untrained text CNN: tokens, shape (batch, max_words) → score in [0, 1], shape (batch, 1)."""
    seeds = [keras.initializers.RandomUniform(-0.05, 0.05, seed=seed)]
    seeds += [keras.initializers.GlorotUniform(seed=seed + i) for i in (1, 2)]
    return keras.Sequential(
        [
            keras.Input((max_words,), dtype="int32", name="tokens"),
            keras.layers.Embedding(
                num_words, embedding, embeddings_initializer=seeds[0], name="embedding"
            ),
            keras.layers.Conv1D(
                filters, width, activation="relu", kernel_initializer=seeds[1], name="conv"
            ),
            keras.layers.GlobalMaxPooling1D(name="pool"),
            keras.layers.Dense(1, activation="sigmoid", kernel_initializer=seeds[2], name="score"),
        ],
        name="text_cnn",
    )


def check(model: keras.Model) -> None:
    """Raise unless the model is laid out as :func:`build` does it."""
    found = tuple(type(layer).__name__ for layer in model.layers)
    if found != _LAYERS or model.output_shape != (None, 1):
        raise SmugError(
            f"model {model.name!r} has the layers {', '.join(found)}; a text CNN has "
            f"{', '.join(_LAYERS)} with one output"
        )


def fits(model: keras.Model) -> bool:
    """True for a network of two classes laid out as :func:`two_classes` does it, dropout aside."""
    parts = _parts(model)
    if tuple(type(layer).__name__ for layer in parts) != _LAYERS:
        return False
    _, conv, _, dense = parts
    plain = (conv.padding, conv.strides, conv.dilation_rate, conv.groups, conv.data_format)
    return bool(
        plain == ("valid", (1,), (1,), 1, "channels_last")
        and conv.activation is keras.activations.relu
        and dense.activation is keras.activations.softmax
        and dense.units == 2
        and conv.use_bias
        and dense.use_bias
    )


def _parts(model: keras.Model) -> list[keras.Layer]:
    """Layers that change what passes through them when nothing is trained."""
    idle = (keras.layers.InputLayer, keras.layers.Dropout)
    return [layer for layer in model.layers if not isinstance(layer, idle)]


def two_classes(model: keras.Model) -> keras.Model:
    """The same network with a probability each for a low and a high score, (batch, 2).

    ``softmax([0, z]) = [1 - sigmoid(z), sigmoid(z)]``, so that the class predicted for a bad
    review is explained by what makes it bad (Sahoo et al. 2021 explain the predicted label).
    """
    *rest, score = model.layers
    weights, shift = score.get_weights()
    both = keras.layers.Dense(2, activation="softmax", name="class_probability")
    wide = keras.Sequential(
        [keras.Input(model.input_shape[1:], dtype="int32", name="tokens"), *rest, both],
        name=f"{model.name}_classes",
    )
    both.set_weights(
        [
            np.concatenate([np.zeros_like(weights), weights], 1),
            np.append(np.zeros_like(shift), shift),
        ]
    )
    return wide


def on_embeddings(model: keras.Model) -> keras.Model:
    """Share the layers after the embedding: embeddings (batch, max_words, d) → (batch, outputs)."""
    embedding, *rest = _parts(model)
    shape = (model.input_shape[1], embedding.output_dim)
    return keras.Sequential([keras.Input(shape, name="embeddings"), *rest], name="on_embeddings")


def embed(model: keras.Model, tokens: np.ndarray) -> np.ndarray:
    """Look the tokens' embeddings up: (..., max_words) → (..., max_words, d) float32."""
    return np.asarray(model.layers[0].embeddings)[tokens]


def network(model: keras.Model) -> TextNetwork:
    """Weights after the embedding as plain arrays, for the exact searches over word masks.

    Parameters
    ----------
    model : keras.Model
        With one output, or of two classes (:func:`fits`): the logit is then that of the second.
    """
    _, conv, _, dense = _parts(model)
    kernel, bias = (np.asarray(weight, np.float64) for weight in conv.get_weights())
    weights, shift = (np.asarray(weight, np.float64) for weight in dense.get_weights())
    if len(shift) == 2:
        # softmax([a, b])[1] = sigmoid(b - a).
        weights, shift = np.diff(weights, axis=1), np.diff(shift)
    return TextNetwork(kernel, bias, weights[:, 0], float(shift[0]))


class _Batches(keras.utils.PyDataset):
    """Shuffled batches of reviews of similar length, without the padding that they share.

    Every window of nothing but padding gives the same response, so the pooled maximum does not
    change as long as one of them is left: same numbers, several times less work.
    """

    _POOL = 20  # batches among which reviews are sorted by length

    def __init__(
        self,
        tokens: np.ndarray,
        scores: np.ndarray,
        *,
        batch: int,
        width: int,
        seed: int | None,
        weights: np.ndarray | None = None,
    ) -> None:
        super().__init__()
        self.tokens, self.scores, self.batch, self.width = tokens, scores, batch, width
        self.weights = np.ones(len(tokens), np.float32) if weights is None else weights
        self.rng = None if seed is None else np.random.default_rng(seed)
        self.lengths = (tokens != 0).sum(axis=1)
        self.on_epoch_end()

    def __len__(self) -> int:
        return -(-len(self.tokens) // self.batch)

    def __getitem__(self, i: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        rows = self.batches[i]
        return trim(self.tokens[rows], self.width), self.scores[rows], self.weights[rows]

    def on_epoch_end(self) -> None:
        n, pool = len(self.tokens), self._POOL * self.batch
        order = np.arange(n) if self.rng is None else self.rng.permutation(n)
        self.batches: list[np.ndarray] = []
        for start in range(0, n, pool):
            rows = order[start : start + pool]
            rows = rows[np.argsort(self.lengths[rows], kind="stable")]
            self.batches += [rows[i : i + self.batch] for i in range(0, len(rows), self.batch)]
        if self.rng is not None:
            self.rng.shuffle(self.batches)


def trim(tokens: np.ndarray, width: int) -> np.ndarray:
    """Drop the front padding that all rows share, except for ``width`` columns of it."""
    words = np.flatnonzero(tokens.any(axis=0))
    first = int(words[0]) if words.size else tokens.shape[1]
    return tokens[:, max(0, first - width) :]


def train(
    model: keras.Model,
    tokens: np.ndarray,
    scores: np.ndarray,
    *,
    validation: tuple[np.ndarray, np.ndarray],
    epochs: int = 10,
    batch: int = 128,
    learning_rate: float = 1e-3,
    patience: int = 2,
    balance: str = "none",
    monitor: str = "loss",
    seed: int = 0,
) -> dict[str, list[float]]:
    """Train in place; keep the weights of the epoch that the validation reviews find best.

    Parameters
    ----------
    model : keras.Model
        From :func:`build`.
    tokens : numpy.ndarray of int, shape (n, max_words)
        Front-padded reviews.
    scores : numpy.ndarray, shape (n,)
        Scores in [0, 1], all known.
    validation : (tokens, scores)
        Reviews that decide when to stop.
    patience : int
        Epochs without a better one before training stops.
    balance : {"none", "weights", "subset"}
        See :func:`smug.models.balance.balanced`; the validation reviews stay as they are.
    monitor : {"loss", "correlation"}
        The best epoch has the lowest loss on the validation reviews, or the highest correlation
        with their scores.
    seed : int
        Order of the batches, and the draw of a balanced subset.

    Returns
    -------
    dict of list of float
        ``loss`` and ``val_loss`` (mean squared error) and ``val_correlation`` of every epoch.
    """
    check_name("monitor", monitor)
    for name, values in (("training", scores), ("validation", validation[1])):
        if len(values) == 0 or not np.isfinite(values).all():
            raise SmugError(
                f"the {len(values)} {name} scores have to be known numbers (no nan) and at least "
                "one; give reviews that carry a score of this aspect"
            )
    # Any length has to fit, because the batches are trimmed; XLA would compile each length anew.
    trainer = keras.Sequential([keras.Input((None,), dtype="int32"), *model.layers])
    trainer.compile(keras.optimizers.Adam(learning_rate), loss="mse", jit_compile=False)
    width = model.get_layer("conv").kernel_size[0]
    rows, weights = balanced(scores, balance, seed=seed)
    stop = keras.callbacks.EarlyStopping(
        monitor=f"val_{monitor}",
        mode=_BETTER[monitor],
        patience=patience,
        restore_best_weights=True,
    )

    def add_correlation(epoch: int, logs: dict[str, float]) -> None:
        logs["val_correlation"] = quality(validation[1], predict(model, validation[0])).correlation

    history = trainer.fit(
        _Batches(tokens[rows], scores[rows], batch=batch, width=width, seed=seed, weights=weights),
        validation_data=_Batches(*validation, batch=batch, width=width, seed=None),
        epochs=epochs,
        shuffle=False,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=add_correlation), stop],
        verbose=0,
    ).history
    return {name: [float(value) for value in values] for name, values in history.items()}


def best_epoch(history: dict[str, list[float]], monitor: str) -> int:
    """Number of the epoch whose weights :func:`train` keeps, the first is 1."""
    values = np.array(history[f"val_{monitor}"])
    worse = -values if _BETTER[monitor] == "max" else values
    return int(np.argmin(np.nan_to_num(worse, nan=np.inf))) + 1


def predict(model: keras.Model, tokens: np.ndarray, *, batch: int = 256) -> np.ndarray:
    """Scores of front-padded reviews, shape (n,) float32; the longest of a batch sets its cost."""
    tokens = np.asarray(tokens)
    order = np.argsort((tokens != 0).sum(axis=1), kind="stable")
    width = model.get_layer("conv").kernel_size[0]
    scores = np.zeros(len(tokens), np.float32)
    runner = keras.Sequential([keras.Input((None,), dtype="int32"), *model.layers])
    for start in range(0, len(tokens), batch):
        rows = order[start : start + batch]
        scores[rows] = np.asarray(runner(trim(tokens[rows], width), training=False))[:, 0]
    return scores


@dataclass(frozen=True)
class Quality:
    """Fit of predictions to known scores."""

    mse: float
    r2: float
    correlation: float
    accuracy: float  # share of reviews on the right side of 0.5 (a score of 0.5 counts as high)
    balanced_accuracy: float  # mean of that share among the low scores and among the high ones


def quality(scores: np.ndarray, predictions: np.ndarray) -> Quality:
    """Mean squared error, R², Pearson correlation, and accuracy at 0.5, plain and balanced.

    R² and the correlation are NaN where all scores (or all predictions) are the same, the balanced
    accuracy where all scores are low or all are high.
    """
    scores, predictions = np.asarray(scores, np.float64), np.asarray(predictions, np.float64)
    if scores.shape != predictions.shape or scores.size == 0:
        raise SmugError(
            f"{scores.shape} scores against {predictions.shape} predictions; both need the same "
            "shape (n,) with n >= 1"
        )
    mse = float(np.mean((scores - predictions) ** 2))
    variance = float(scores.var())
    varied = variance > 0 and predictions.std() > 0
    high = scores >= MIDDLE
    right = high == (predictions >= MIDDLE)
    both = high.any() and not high.all()
    return Quality(
        mse=mse,
        r2=1 - mse / variance if variance > 0 else float("nan"),
        correlation=float(np.corrcoef(scores, predictions)[0, 1]) if varied else float("nan"),
        accuracy=float(right.mean()),
        balanced_accuracy=float((right[high].mean() + right[~high].mean()) / 2)
        if both
        else float("nan"),
    )
