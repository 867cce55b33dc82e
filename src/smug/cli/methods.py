"""Methods and their settings as the command line names them."""

from __future__ import annotations

import argparse
import json
import types
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from smug.errors import SmugError, unknown_name
from smug.methods import METHODS, method_settings

#: Names of types to a user; others cannot be typed.
_NAMES = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "a text",
    types.NoneType: "null",
    list: "a list of numbers",
}


def list_methods(options: argparse.Namespace) -> None:
    """Print every method: what it does, needs and answers, its settings and their defaults."""
    for name, method in METHODS.items():
        print(f"{name}: {method.about}")
        print(f"    needs {', '.join(method.needs) or 'nothing but outputs'}")
        print(f"    answers {'values and a mask' if method.mask else 'values'}")
        for key, setting in method_settings(name).items():
            print(f"    {key}={setting.default}")


def chosen_methods(words: Sequence[str] | None) -> list[str]:
    """Methods of the words ``--method`` was given, each once, in their order.

    Raises
    ------
    SmugError
        Unknown name.
    """
    names = [name.strip() for word in words or ["smug"] for name in word.split(",")]
    if "all" in names:
        return list(METHODS)
    for name in names:
        if name not in METHODS:
            raise unknown_name("method", name, [*METHODS, "all"])
    return list(dict.fromkeys(names))


def read_settings(methods: Sequence[str], words: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Read ``KEY=VALUE`` words; of several methods, each gets the settings that it has.

    Raises
    ------
    SmugError
        A setting that no method has, or a value of another type than the setting's.
    """
    known = {method: method_settings(method) for method in methods}
    settings: dict[str, dict[str, Any]] = {method: {} for method in methods}
    for word in words:
        key, equals, text = word.partition("=")
        if not equals:
            raise SmugError(f"--set {word!r} is not KEY=VALUE; for example --set top_k=1000")
        having = [method for method in methods if key in known[method]]
        if not having:
            kind = f"setting of method {' or '.join(map(repr, methods))}"
            raise unknown_name(kind, key, set().union(*known.values()))
        for method in having:
            setting = known[method][key]
            try:
                settings[method][key] = _read(text, setting.kinds)
            except ValueError:
                wanted = " or ".join(_NAMES[kind] for kind in setting.kinds)
                raise SmugError(
                    f"--set {word} is not {wanted}; the default is {setting.default}"
                ) from None
    return settings


def _read(text: str, kinds: tuple[type, ...]) -> Any:
    """Read a value as one of the types; ValueError if it is none of them."""
    value = _plain(text.strip())
    if type(value) is list and list in kinds:
        return tuple(_numbers(value))
    if type(value) in kinds:
        return value
    if type(value) is int and float in kinds:
        return float(value)
    if str in kinds:
        return text
    raise ValueError(text)


def _numbers(values: list[Any]) -> list[Any]:
    """Numbers of a list, which may hold lists of numbers."""
    if not all(type(value) in (int, float, list) for value in values):
        raise ValueError(values)
    return [_numbers(value) if type(value) is list else float(value) for value in values]


def _plain(text: str) -> Any:
    for number in (int, float):
        with suppress(ValueError):
            return number(text)
    with suppress(ValueError, RecursionError):
        return json.loads(text.lower())
    return text
