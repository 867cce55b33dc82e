"""Work on a shard input by input; one that fails is named and does not stop the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import Generic, TypeVar

import numpy as np
from tqdm import tqdm

from smug.errors import FAILURES

Value = TypeVar("Value")


@dataclass(frozen=True)
class Outcome(Generic[Value]):
    """Answer to the work on one input, or the reason why there is none.

    Parameters
    ----------
    value : object, optional
        None where the input failed.
    message : str
        Why it failed; empty where it did not.
    seconds : float
        Wall time of the work.
    """

    value: Value | None
    message: str
    seconds: float


def each_input(
    ids: np.ndarray,
    work: Callable[[int], Value],
    *,
    label: str,
    unit: str = "input",
    failures: tuple[type[Exception], ...] = FAILURES,
) -> Iterator[Outcome[Value]]:
    """Do the work on every input of a shard, with a progress bar.

    Parameters
    ----------
    ids : numpy.ndarray of str, shape (n,)
    work : callable
        Called with the row of each input.
    label, unit : str
        What the progress bar says.
    failures : tuple of exception types
        With which one input may fail; anything else is a bug and ends the job.
    """
    for i in tqdm(range(len(ids)), desc=label, unit=unit):
        begin, value, message = perf_counter(), None, ""
        try:
            value = work(i)
        except failures as error:
            # An empty message would say that the input succeeded.
            message = str(error) or type(error).__name__
            print(f"{ids[i]}: {message}")
        yield Outcome(value, message, perf_counter() - begin)
