"""Origin of a first layer's input on the user's input: mirrored, cropped, resized, reordered."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse


@dataclass(frozen=True)
class Origin:
    """Positions of the user's input that the values entering a first layer come from.

    Parameters
    ----------
    inner : tuple of int
        Rows and columns (or steps) of the layer's own input; masks lie on the user's.
    position : numpy.ndarray of int64, shape (elements,)
        Flat position on the user's input of each element of the tensor that masks act on; -1 for
        a constant that no input changes, such as padding.
    constant : numpy.ndarray of float64, shape (entering,)
        What enters the layer while everything is masked.
    mixing : scipy.sparse.csr_array, shape (entering, elements), optional
        What enters the layer, as sums of the elements that masks act on: resizing, pooling.
        Without it these are one and the same.
    """

    inner: tuple[int, ...]
    position: np.ndarray
    constant: np.ndarray
    mixing: sparse.csr_array | None = None

    def masked(self, values: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """Elements where a mask over the user's input keeps them, constants as they are.

        Parameters
        ----------
        values : numpy.ndarray, shape (elements,)
        mask : numpy.ndarray of bool, shape (positions,)
        """
        kept = np.where(mask[self.position], values, 0.0)
        if self.mixing is not None:
            return np.where(self.position < 0, 0.0, kept)
        return np.where(self.position < 0, self.constant, kept)

    def entering(self, values: np.ndarray) -> np.ndarray:
        """Values that enter the layer for those of the elements, constants included."""
        if self.mixing is not None:
            return self.mixing @ values + self.constant
        return np.where(self.position < 0, self.constant, values)

    def before(self, other: Origin) -> Origin:
        """Origin followed by another one, whose elements are what enters the layer here."""
        assert other.mixing is not None
        mixing, constant = other.mixing, other.mixing @ self.constant + other.constant
        if self.mixing is not None:
            mixing = sparse.csr_array(mixing @ self.mixing)
        return Origin(other.inner, self.position, constant, mixing)

    def on_elements(self, rows: sparse.csr_array) -> sparse.csr_array:
        """Rows over what enters the layer as rows over the elements, shape (nodes, elements)."""
        return rows if self.mixing is None else sparse.csr_array(rows @ self.mixing)

    def on_positions(self, rows: sparse.csr_array, positions: int) -> sparse.csr_array:
        """Rows over the elements, summed by position, columns in order."""
        seen = np.flatnonzero(self.position >= 0)
        of_position = sparse.csr_array(
            (np.ones(len(seen)), (seen, self.position[seen])), (len(self.position), positions)
        )
        summed = sparse.csr_array(rows @ of_position)
        summed.sort_indices()
        return summed

    def magnitudes(self) -> Origin:
        """The same with every weight as its absolute value."""
        mixing = None if self.mixing is None else abs(self.mixing)
        return replace(self, constant=np.abs(self.constant), mixing=mixing)

    def arrays(self) -> dict[str, np.ndarray]:
        """All of it as named arrays, to store."""
        named = {"inner": np.array(self.inner), "position": self.position}
        named["constant"] = self.constant
        if self.mixing is not None:
            named |= {part: getattr(self.mixing, part) for part in ("data", "indices", "indptr")}
        return named

    @classmethod
    def of_arrays(cls, named: dict[str, np.ndarray]) -> Origin:
        """Read what :meth:`arrays` gave."""
        mixing = None
        if "data" in named:
            parts = named["data"], named["indices"], named["indptr"]
            shape = len(named["constant"]), len(named["position"])
            mixing = sparse.csr_array(parts, shape=shape)
        inner = tuple(named["inner"].tolist())
        return cls(inner, named["position"], named["constant"], mixing)
