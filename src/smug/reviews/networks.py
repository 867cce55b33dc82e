"""Networks asked about texts of which words are left out: one of a score, or one of classes."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

import keras
import numpy as np

from smug.attribution.sufficient import Judge
from smug.metrics.removal import falls
from smug.models.first_layer import FirstLayer
from smug.pipeline.shards import AttributedShard


class ScoreNetwork:
    """A network of one score in [0, 1]; its low class is what the score lacks to 1.

    Parameters
    ----------
    from_embeddings : keras.Model
        From embeddings (batch, length, d) to the score (batch, 1).
    attributed : AttributedShard
        The texts and the classes explained.
    """

    def __init__(self, from_embeddings: keras.Model, attributed: AttributedShard) -> None:
        self.from_embeddings, self.attributed = from_embeddings, attributed

    def confidence(self, i: int, embedded: np.ndarray) -> float:
        """Probability of the class explained in text `i` for its embeddings, shape (length, d)."""
        score = float(self.from_embeddings(embedded[np.newaxis], training=False)[0, 0])
        return score if self.attributed.target[i] == 1 else 1 - score

    def falls(self, i: int, hidden: np.ndarray, removed: Iterable[np.ndarray]) -> np.ndarray:
        """Fall of that probability under each of some removals.

        Parameters
        ----------
        i : int
        hidden : numpy.ndarray, shape (length, d)
            Embeddings of the text with all words removed.
        removed : iterable of numpy.ndarray of bool, shape (length,)

        Returns
        -------
        numpy.ndarray of float64, shape (removals,)
        """
        fell = falls(self.from_embeddings, self.attributed.inputs[i], hidden, 1, removed)
        return fell if self.attributed.target[i] == 1 else -fell


class ClassNetwork:
    """A network of an output for each class, whose first layer reads embeddings of words.

    Parameters
    ----------
    layer : FirstLayer
    x : numpy.ndarray of int, shape (n, length)
        Word ids.
    attributed : AttributedShard
        The same texts and the classes explained.
    """

    def __init__(self, layer: FirstLayer, x: np.ndarray, attributed: AttributedShard) -> None:
        self.attributed = attributed
        self._judges = [
            Judge(layer, x[i : i + 1], int(target)) for i, target in enumerate(attributed.target)
        ]

    def confidence(self, i: int, embedded: np.ndarray) -> float:
        """See :meth:`ScoreNetwork.confidence`."""
        return self._judges[i].scores([embedded])[0]

    def falls(self, i: int, hidden: np.ndarray, removed: Iterable[np.ndarray]) -> np.ndarray:
        """See :meth:`ScoreNetwork.falls`."""
        one = self.attributed.inputs[i]
        masks = chain([np.zeros(len(one), bool)], removed)
        parts = [np.where(mask[:, np.newaxis], hidden, one) for mask in masks]
        scores = np.array(self._judges[i].scores(parts))
        return scores[0] - scores[1:]
