"""Texts of the user's own, with a class each, ready for a network of word ids."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from smug.datasets.beer.reviews import Reviews
from smug.datasets.prepared import UNKNOWN


@dataclass(frozen=True)
class PreparedTexts(Reviews):
    """Texts as reviews are, but of classes in place of a score.

    Parameters
    ----------
    classes : numpy.ndarray of int64, shape (n,)
        Class index, :data:`~smug.datasets.prepared.UNKNOWN` where none was given.
    class_names : numpy.ndarray of str, shape (number of classes,)
    """

    classes: np.ndarray
    class_names: np.ndarray

    noun: ClassVar[str] = "text"

    @property
    def labels(self) -> np.ndarray:
        """Class index of each text."""
        return self.classes

    def explained_as(self, probability: np.ndarray, target: int) -> tuple[str, float]:
        """Name of the class explained, and its probability."""
        return str(self.class_names[target]), float(probability[target])

    def truth(self, i: int) -> str:
        """Name of the class of text ``i`` as it is labelled, if it is."""
        return "" if self.classes[i] == UNKNOWN else str(self.class_names[self.classes[i]])

    def _by_row(self) -> dict[str, np.ndarray]:
        return {**super()._by_row(), "classes": self.classes}

    def _of_all(self) -> dict[str, np.ndarray]:
        return {"class_names": self.class_names}
