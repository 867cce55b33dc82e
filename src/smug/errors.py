"""Errors a user can act on: what is wrong, the value, what was allowed, the next step."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class SmugError(ValueError):
    """Base of every error that SMUG raises on purpose; its message is meant for the user."""


#: What one input may fail with while the others go on; a TypeError and its kin are bugs.
FAILURES = (SmugError, ArithmeticError)


def unknown_name(kind: str, name: object, known: Iterable[str]) -> SmugError:
    """Error for a name that no registry holds, with the closest known one.

    Parameters
    ----------
    kind : str
        What the name stands for, e.g. ``"solver"``.
    name : object
        The name as given.
    known : iterable of str
        Every name that would have been accepted.
    """
    names = sorted(known)
    close = difflib.get_close_matches(str(name), names, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    return SmugError(f"unknown {kind} {name!r}; known: {', '.join(names)}.{hint}")
