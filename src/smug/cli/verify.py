"""``smug verify``: the sets of a saved explanation proven again, their counterexamples replayed."""

from __future__ import annotations

import argparse

import numpy as np

from smug.errors import SmugError


def verify_explanation(options: argparse.Namespace) -> int:
    """Print for each input if its set is proven, and what its counterexamples say.

    Exit code 1 unless every set is proven, every counterexample holds, and every feature of a set
    that is said to be minimal has one.

    Raises
    ------
    SmugError
        No explanation of ``robust``, one of another model, or an option that does not fit.
    """
    from smug.threads import choose_backend

    choose_backend(options.model)
    from smug.attribution.robust import problems
    from smug.explanation import Explanation
    from smug.limits import check_number
    from smug.masks.robust.counterexamples import faults
    from smug.masks.robust.verify import verify
    from smug.models.axes import channels_first
    from smug.models.registry import load_model

    check_number("time_limit", options.time_limit, key="--time-limit")
    made = Explanation.load(options.explanation)
    if made.method != "robust" or made.mask is None or made.counterexamples is None:
        raise SmugError(
            f"{options.explanation} explains by {made.method!r}, which proves no set; "
            "smug verify takes explanations of method=robust"
        )
    names = ("epsilon", "input_range", "window", "margin")
    settings = {name: made.settings[name] for name in names}
    words = {True: "proven", False: "NOT sufficient", None: "not decided in time"}
    good = True
    model = load_model(options.model)
    first = channels_first(model)
    asked = problems(model, made.inputs, made.target, **settings)
    for i, problem in enumerate(asked):
        channels = len(problem.x) // made.mask[i].size
        values = np.tile if first else np.repeat
        kept = problem.by_variable(values(made.mask[i].ravel(), channels)) > 0
        proven = verify(problem, kept, oracle=options.oracle, time_limit=options.time_limit)
        given = made.counterexamples.of(i)
        wrong = list(faults(problem, kept, given))
        missing = np.setdiff1d(np.flatnonzero(kept), given.frees)
        print(
            f"input {i}: {int(kept.sum())} of {problem.size} kept, {words[proven]}; "
            f"{len(given) - len(wrong)} of {len(given)} counterexamples hold"
        )
        if len(missing) and made.solver["minimal"][i]:
            wrong.append(f"it is said to be minimal, and {missing[0]} has no counterexample")
        for fault in wrong:
            print(f"input {i}: {fault}")
        good = good and proven is True and not wrong
    return int(not good)
