"""Find by probing which single part of an input each value before the first layer comes from."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

#: A value that more than one part of the input decides.
MIXED = -2

# Values of one batch of probes, and a change that is none.
_BATCH, _SAME = 2**22, 1e-5


def sources(
    run: Callable[[np.ndarray], np.ndarray], pairs: list[np.ndarray], parts: np.ndarray
) -> np.ndarray:
    """Part of the input that each value comes from.

    The parts are numbered in binary, and each digit is probed twice: the parts with a 1 are
    changed, and those with a 0. A value that one part decides changes in one of both, and so
    spells the number of its part; one that two parts decide changes in both where these differ.

    Parameters
    ----------
    run : callable
        From inputs ``(n, *shape)`` to values ``(n, ...)``.
    pairs : list of numpy.ndarray, shape (2, *shape)
        Inputs that differ in every element. Several catch what one hides (a clipped value).
    parts : numpy.ndarray of int, shape (elements,)
        Part of the input that each of its elements belongs to, numbered from 0.

    Returns
    -------
    numpy.ndarray of int64, shape (values,)
        Number of the part; -1 for a value that nothing changes, MIXED for one of several parts.
    """
    each = np.stack([_sources(run, pair, parts) for pair in pairs])
    mixed = (each == MIXED).any(axis=0)
    # What changes in some pairs only (a clipped value) has to name the same part in all of these.
    highest = each.max(axis=0)
    mixed |= ((each != highest) & (each != -1)).any(axis=0)
    return np.where(mixed, MIXED, highest)


def _sources(
    run: Callable[[np.ndarray], np.ndarray], pair: np.ndarray, parts: np.ndarray
) -> np.ndarray:
    shape = pair.shape[1:]
    before, after = pair.reshape(2, -1)
    # One digit more than the parts need: all parts have a 0 there, and so are changed together.
    digits = max(int(parts.max()), 1).bit_length() + 1
    ends = run(pair).reshape(2, -1).astype(np.float64)
    least = _SAME * np.nanmax(np.abs(ends[1] - ends[0]), initial=0)
    number = np.zeros(ends.shape[1], np.int64)
    mixed, never = np.zeros(ends.shape[1], bool), np.ones(ends.shape[1], bool)
    chunk = max(1, _BATCH // (2 * max(len(before), ends.shape[1])))
    for first in range(0, digits, chunk):
        wanted = np.arange(first, min(first + chunk, digits))
        ones = (parts[None] >> wanted[:, None]) & 1 == 1
        probes = np.concatenate([np.where(part, after, before) for part in (ones, ~ones)])
        changes = np.abs(run(probes.reshape(-1, *shape)).reshape(len(probes), -1) - ends[0])
        of_ones, of_zeros = np.split(changes > least, 2)
        number += (of_ones << wanted[:, None]).sum(axis=0)
        mixed |= (of_ones == of_zeros).any(axis=0)
        never &= ~(of_ones | of_zeros).any(axis=0)
    return np.where(never, -1, np.where(mixed, MIXED, number))
