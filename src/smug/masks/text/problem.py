"""The mask problem of text networks: embeddings, convolution, global maximum, one output."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from smug.errors import SmugError


@dataclass(frozen=True)
class TextNetwork:
    """The layers after the embedding, as arrays.

    Parameters
    ----------
    kernel : numpy.ndarray, shape (width, d, filters)
        Convolution kernel, stride 1, no padding, followed by ReLU and a global maximum.
    bias : numpy.ndarray, shape (filters,)
        Bias of the convolution.
    weights : numpy.ndarray, shape (filters,)
        Weights of the single output.
    shift : float
        Bias of the single output.
    """

    kernel: np.ndarray
    bias: np.ndarray
    weights: np.ndarray
    shift: float

    def __post_init__(self) -> None:
        shapes = tuple(np.shape(a) for a in (self.kernel, self.bias, self.weights))
        if len(shapes[0]) != 3 or shapes[1] != shapes[0][2:] or shapes[2] != shapes[1]:
            raise SmugError(
                f"kernel, bias and weights have shapes {shapes}; (width, d, filters), (filters,) "
                "and (filters,) are needed"
            )

    def logits(self, embedded: np.ndarray) -> np.ndarray:
        """Evaluate the network in full: embeddings (..., length, d) → logits (...), float64."""
        pooled = np.maximum(_convolve(self, embedded).max(axis=-2), 0)
        return pooled @ self.weights + self.shift

    def negated(self) -> TextNetwork:
        """Network with the opposite logit, for predictions that have to stay *below* a value."""
        return TextNetwork(self.kernel, self.bias, -self.weights, -self.shift)


class MaskedText:
    """One review in front of a :class:`TextNetwork`, ready to be masked word by word.

    Parameters
    ----------
    network : TextNetwork
        The layers after the embedding.
    embedded : numpy.ndarray, shape (length, d)
        Embeddings of the whole padded review.
    words : int
        Number of words n.
    replacement : numpy.ndarray, shape (d,), optional
        Embedding that a masked word takes, see :func:`smug.masks.replacement.replaced_word`; zero
        by default.
    first : int, optional
        Row of the first word; the rows before the first word and behind the last one are padding,
        which is never masked. By default the words are the last rows.
    """

    def __init__(
        self,
        network: TextNetwork,
        embedded: np.ndarray,
        words: int,
        replacement: np.ndarray | None = None,
        first: int | None = None,
    ) -> None:
        embedded = np.asarray(embedded, np.float64)
        width, d, _ = network.kernel.shape
        length = len(embedded)
        first = length - words if first is None else first
        inside = 0 <= first <= length - words
        if embedded.shape != (length, d) or length < width or words < 1 or not inside:
            raise SmugError(
                f"embeddings of shape {embedded.shape} with {words} words do not fit a convolution "
                f"over {width} rows of {d}; at least {width} rows, of them 1 or more words, do"
            )
        self.network, self.words, self.width = network, int(words), width
        own = slice(first, first + words)
        # Windows that hold a word.
        touched = slice(max(0, own.start - width + 1), own.stop)
        masked = embedded.copy()
        instead = np.zeros(d) if replacement is None else replacement
        masked[own] = instead
        responses = _convolve(network, masked)
        # Largest response of the windows without any word, shape (filters,); 0 if there is none.
        self.rest = np.maximum(np.delete(responses, touched, axis=0).max(axis=0, initial=0.0), 0.0)
        self.base = responses[touched]
        # What a word adds to a window in place of the replacement, by its place there, shape
        # (width, n, filters).
        self.taps = (embedded[own] - instead) @ network.kernel
        self.offset = own.start - touched.start  # window of word j at place k is j + offset - k

    def responses(self, mask: np.ndarray, windows: np.ndarray | None = None) -> np.ndarray:
        """Responses before ReLU of the windows that hold a word, shape (windows, filters)."""
        windows = np.arange(len(self.base)) if windows is None else windows
        response = self.base[windows]
        for k in range(self.width):
            word = windows - self.offset + k
            inside = (word >= 0) & (word < self.words)
            inside[inside] = mask[word[inside]]
            response[inside] += self.taps[k, word[inside]]
        return response

    def logit(self, mask: np.ndarray) -> float:
        """Logit with only the words of ``mask``, shape (n,) bool, in place."""
        pooled = np.maximum(self.responses(np.asarray(mask, bool)).max(axis=0), self.rest)
        return float(pooled @ self.network.weights + self.network.shift)


def _convolve(network: TextNetwork, embedded: np.ndarray) -> np.ndarray:
    """Responses before ReLU of all windows, (..., windows, filters)."""
    embedded = np.asarray(embedded, np.float64)
    windows = embedded.shape[-2] - len(network.kernel) + 1
    response = np.zeros((windows, len(network.bias))) + network.bias
    for tap, weights in enumerate(network.kernel):
        response = response + embedded[..., tap : tap + windows, :] @ weights
    return response
