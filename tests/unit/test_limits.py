"""One home of ranges: the library and the schemas of the configuration refuse the same values."""

import dataclasses
import math

import numpy as np
import pytest

import smug
from smug.errors import SmugError
from smug.jobs import config, groups
from smug.jobs.settings.meanings import Section
from smug.limits import (
    NAMES,
    RANGES,
    Range,
    check,
    check_all,
    check_demand,
    check_number,
    check_settings,
)
from smug.methods import METHODS, method_settings


def outside(allowed):
    """Numbers just outside a range, and those that lie in none."""
    low = allowed.low if allowed.low_open else allowed.low - 1
    high = allowed.high if allowed.high_open or math.isinf(allowed.high) else allowed.high + 1
    return [low, high, math.nan]


def sections():
    """Every file of the configuration as an object of its schema, by its group and name."""
    words = ["io.attribution=a", "io.masks=b", "io.record=c"]
    for group in {path.parent.name for path in groups.CONF.glob("*/*.yaml")}:
        for name in groups.files(group) if group not in ("scale", "experiment") else []:
            usual = f"dataset={name if name in groups.datasets() else 'mnist'}"
            settings = config.from_words("solve_masks", [usual, f"{group}={name}", *words]).settings
            yield f"{group}={name}", settings[group]


SECTIONS = dict(sections())


@pytest.mark.parametrize("name", RANGES)
def test_a_range_says_what_it_holds(name):
    for value in outside(RANGES[name]):
        with pytest.raises(
            SmugError, match=rf"^x\.{name}={value} is outside .*; (raise|lower) x\."
        ):
            check_number(name, value, key=f"x.{name}")
    assert (RANGES[name].low in RANGES[name]) is not RANGES[name].low_open


def test_a_range_is_written_as_in_mathematics():
    assert str(Range(0, 1, high_open=True)) == "[0, 1)"
    assert str(Range(0, low_open=True)) == "(0, inf)"
    assert str(RANGES["seed"]) == "[0, 2147483647]"


@pytest.mark.parametrize("chosen", SECTIONS)
def test_a_section_refuses_what_the_limits_refuse(chosen):
    section = SECTIONS[chosen]
    assert isinstance(section, Section)
    for field in dataclasses.fields(section):
        allowed = section.allowed(field.name)
        bad = outside(allowed) if isinstance(allowed, Range) else ["no such name"] * bool(allowed)
        for value in bad:
            given = [value] if isinstance(getattr(section, field.name), list) else value
            with pytest.raises(SmugError, match=rf"\b{section.section}\.{field.name}\b"):
                dataclasses.replace(section, **{field.name: given})


@pytest.mark.parametrize(
    ("method", "name"),
    [(m, name) for m in METHODS for name in method_settings(m) if name in {**RANGES, **NAMES}],
)
def test_a_method_refuses_what_the_limits_refuse(method, name):
    x = np.zeros((1, 2), np.float32)
    bad = outside(RANGES[name]) if name in RANGES else ["no such name"]
    for value in bad:
        with pytest.raises(SmugError, match=name):
            smug.explain(None, x, method=method, **{name: value})


def test_names_and_lists_are_checked_too():
    check("baseline", "zero")
    check("baseline", 0.5)
    check("no_such_setting", -1)
    check("margin", True)  # true is no number
    with pytest.raises(SmugError, match=r"unknown grid\.rankings 'up'; known: activations"):
        check_all("ranking", ["random", "up"], key="grid.rankings")
    with pytest.raises(SmugError, match=r"margin=0\.5 is above 1 - gamma = 0\.25"):
        check_demand(0.75, 0.5)


@pytest.mark.parametrize(
    "value", [[1], (0, 1, 2), (0, None), (0, math.nan), {0, 1}, {"a": 0, "b": 1}, "ab", list, 0.5]
)
def test_a_pair_is_two_finite_numbers(value):
    with pytest.raises(SmugError, match=r"input_range=.* is not 2 finite numbers; leave input_"):
        smug.explain(None, np.zeros((1, 2)), method="ggig", input_range=value)


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ({"top_k": 10.0}, 10),
        ({"top_k": np.int64(10)}, 10),
        ({"gamma": 0}, 0.0),
        ({"gamma": np.float32(0.5)}, 0.5),
        ({"window": None}, None),
    ],
)
def test_numbers_become_those_of_python(given, taken):
    ((name, found),) = check_settings("smug", method_settings("smug"), given).items()
    assert (name in given, found, type(found)) == (True, taken, type(taken))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"gamma": "0.5"}, r"gamma='0\.5' is not a finite number; leave gamma out .* 0\.0"),
        ({"window": 2.5}, r"window=2\.5 is not a whole number or None"),
        ({"top_k": True}, "top_k=True is not a whole number or None"),
        ({"batch_size": 0}, "batch_size=0 is outside"),
        ({"solver": 3}, "solver=3 is not a text"),
        ({"gamma": [0.5]}, r"gamma=\[0\.5\] is not a finite number"),
        ({"gamma": 0.9, "margin": 0.5}, r"margin=0\.5 is above 1 - gamma"),
    ],
)
def test_a_value_of_another_type_is_refused(given, said):
    with pytest.raises(SmugError, match=said):
        check_settings("smug", method_settings("smug"), given)
