"""Batches as large as the device's memory takes: halved where it is not enough, and gone on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from smug.limits import check
from smug.models import backend

Made = TypeVar("Made")

# What ``auto`` starts with: on a processor more points at once are slower, not faster.
_ON_PROCESSOR, _ON_ACCELERATOR = 10, 1024


class Batches:
    """Size of the batches of a run, which only ever gets smaller.

    Parameters
    ----------
    size : int or "auto"
        Most rows that the network sees at once. ``auto``: 10 on a processor; on an accelerator
        1024, or what is left of it after halving.

    Raises
    ------
    SmugError
        A size below 1, or another word.
    """

    def __init__(self, size: int | str) -> None:
        check("batch_size", size)
        if isinstance(size, str):
            size = _ON_ACCELERATOR if backend.on_accelerator() else _ON_PROCESSOR
        self.size = size

    def whole(self, run: Callable[[int], Made]) -> Made:
        """Run what makes batches of its own, again with smaller ones where memory is not enough.

        Parameters
        ----------
        run : callable
            From the most rows of a batch to the answer, which is there when the call is over.

        Raises
        ------
        Exception
            The library's own, where memory is not enough for a single row.
        """
        while True:
            try:
                return run(self.size)
            except Exception as error:
                if not backend.out_of_memory(error) or self.size == 1:
                    raise
                self.size //= 2

    def over(
        self, run: Callable[[slice], Made], count: int, *, each: int = 1
    ) -> Iterator[tuple[slice, Made]]:
        """Run parts of some items one after the other, each part once.

        Where memory is not enough for a part, the size is halved for all that follows.

        Parameters
        ----------
        run : callable
            From a slice of the items to its answer, which is there when the call is over.
        count : int
            Number of items.
        each : int
            Rows that one item needs at once.

        Yields
        ------
        slice, answer
            Of all items, in order.

        Raises
        ------
        Exception
            The library's own, where memory is not enough for a single item.
        """
        first = 0
        while first < count:
            part = slice(first, min(first + max(self.size // each, 1), count))
            try:
                made = run(part)
            except Exception as error:
                rows = (part.stop - part.start) * each
                if not backend.out_of_memory(error) or part.stop - part.start == 1:
                    raise
                self.size = max(min(self.size, rows) // 2, 1)
                continue
            yield part, made
            first = part.stop
