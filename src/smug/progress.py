"""What whoever waits at a terminal sees."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm

from smug.masks.problem import Progress


@contextmanager
def solving() -> Iterator[Progress | None]:
    """Show a line on stderr while a solver works; gives the solver's ``progress``.

    None without a terminal: then nobody watches, and the solver is spared the calls.
    """
    with tqdm(desc="solving", bar_format="{desc} {elapsed}", disable=None, leave=False) as line:

        def report(seconds: float, objective: float, bound: float) -> None:
            line.set_description_str(
                f"solving: {objective:.0f} windows, proven at least {bound:.0f}"
            )

        yield None if line.disable else report
