"""Errors a user can act on: what is wrong, the value, what was allowed, the next step."""

from __future__ import annotations

import difflib
import re
import reprlib
import sys
import warnings
from collections.abc import Iterable
from typing import Any

#: Letters of a word, and of a whole message, that a user still reads.
_WORD, _MESSAGE = 200, 3000
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = _WORD


class SmugError(ValueError):
    """Base of every error that SMUG raises on purpose; its message is meant for the user.

    A long value keeps its beginning and its end: what is wrong and what to do stay in sight.
    """

    def __init__(self, message: str) -> None:
        words = re.sub(rf"\S{{{_WORD + 1},}}", lambda word: shortened(word[0], _WORD), message)
        super().__init__(shortened(words, _MESSAGE))


class SmugWarning(UserWarning):
    """An answer that is right as asked for, but hardly what the user wants.

    A mask that the real layer does not confirm, a map that is zero everywhere. Every warning of
    SMUG is one: ``warnings.simplefilter("error", smug.SmugWarning)`` makes errors of them.
    """


def warn_user(message: str) -> None:
    """Warn of an answer at the line of the user's that asked for it."""
    level, frame = 1, sys._getframe()
    while frame.f_back and frame.f_globals.get("__name__", "").split(".")[0] == "smug":
        level, frame = level + 1, frame.f_back
    warnings.warn(message, SmugWarning, stacklevel=level)


def shortened(text: str, length: int) -> str:
    """Beginning and end of a text longer than ``length`` letters, with the number left out."""
    if len(text) <= length:
        return text
    start, end = length * 2 // 3, length // 3
    return f"{text[:start]}... ({len(text) - start - end} letters left out) ...{text[-end:]}"


def reason(error: BaseException, length: int = 400) -> str:
    """Type and words of a library's error on one line, shortened."""
    # Keras writes it bold, and repeats the arguments behind it.
    words = re.sub(r"\x1b\[\d+m", "", str(error)).partition("Arguments received by")[0]
    return f"{type(error).__name__}: {shortened(' '.join(words.split()), length)}"


#: Errors that one input may fail with while the others go on; a TypeError and its kin are bugs.
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
    close = difflib.get_close_matches(name[:100], names, n=1) if isinstance(name, str) else []
    hint = f" Did you mean {close[0]!r}?" if close else ""
    return SmugError(f"unknown {kind} {shown(name)}; known: {', '.join(names)}.{hint}")


def shown(value: Any) -> str:
    """Value as a message shows it: on one line, long ones shortened, arrays by shape and type."""
    try:
        shape = tuple(getattr(value, "shape", ()))
    except (TypeError, ValueError):  # a class, or a tensor that leaves its shape open
        shape = ()
    if shape:
        return f"<{type(value).__name__} of shape {shape}>"
    if shape == () and hasattr(type(value), "item"):  # NumPy writes a number with its type
        value = value.item()
    if isinstance(value, int) and value.bit_length() > 128:  # Python refuses to write longer ones
        return f"<whole number of {value.bit_length()} bits>"
    return " ".join(_SHORT.repr(value).split())
