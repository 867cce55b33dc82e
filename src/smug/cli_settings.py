"""Settings of a method as typed on the command line, held to the types of its function."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import numpy as np
import yaml

from smug.errors import SmugError, unknown_name
from smug.methods import METHODS, method_settings

#: How each type is named to a user; others cannot be typed.
_NAMES = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "a text",
    types.NoneType: "null",
    tuple: "a list of numbers",
    np.ndarray: "a list of numbers",
}


def read_settings(method: str, words: Iterable[str]) -> dict[str, Any]:
    """Read ``KEY=VALUE`` words.

    Raises
    ------
    SmugError
        Unknown method or setting, or a value of another type than the setting's.
    """
    known = method_settings(method)
    hints = typing.get_type_hints(METHODS[method].function)
    settings = {}
    for word in words:
        key, equals, text = word.partition("=")
        if not equals:
            raise SmugError(f"--set {word!r} is not KEY=VALUE; for example --set top_k=1000")
        if key not in known:
            raise unknown_name(f"setting of method {method!r}", key, known)
        try:
            settings[key] = _read(text, _kinds(hints[key]))
        except ValueError:
            wanted = dict.fromkeys(_NAMES[k] for k in _kinds(hints[key]) if k in _NAMES)
            raise SmugError(
                f"--set {word} is not {' or '.join(wanted)}; the default is {known[key]}"
            ) from None
    return settings


def _kinds(hint: Any) -> list[Any]:
    """Types that a hint allows, in its order."""
    union = typing.get_origin(hint) in (typing.Union, types.UnionType)
    return [typing.get_origin(k) or k for k in (typing.get_args(hint) if union else (hint,))]


def _read(text: str, kinds: list[Any]) -> Any:
    """Read a value as one of the types; ValueError if it is none of them."""
    value = _plain(text)
    if type(value) in kinds:
        return value
    if type(value) is int and float in kinds:
        return float(value)
    if type(value) is list and tuple in kinds:
        return tuple(np.array(value, float).tolist())
    if type(value) is list and np.ndarray in kinds:
        return np.array(value, float)
    if str in kinds or Any in kinds:
        return text
    raise ValueError(text)


def _plain(text: str) -> Any:
    # YAML 1.1 reads 1e-4 as a text.
    for number in (int, float):
        with suppress(ValueError):
            return number(text)
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text
