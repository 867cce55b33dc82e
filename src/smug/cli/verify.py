"""``smug verify``: the sets of a saved explanation proven again."""

from __future__ import annotations

import argparse

from smug.errors import SmugError


def verify_explanation(options: argparse.Namespace) -> int:
    """Print for each input if its set is proven; exit code 1 unless all are.

    Raises
    ------
    SmugError
        No explanation of ``robust``, one of another model, or an option that does not fit.
    """
    from smug.attribution.robust import problems
    from smug.explanation import Explanation
    from smug.limits import check_number
    from smug.masks.robust.verify import verify
    from smug.models.registry import load_model

    check_number("time_limit", options.time_limit, key="--time-limit")
    made = Explanation.load(options.explanation)
    if made.method != "robust" or made.mask is None:
        raise SmugError(
            f"{options.explanation} explains by {made.method!r}, which proves no set; "
            "smug verify takes explanations of method=robust"
        )
    names = ("epsilon", "input_range", "window", "margin")
    settings = {name: made.settings[name] for name in names}
    words = {True: "proven", False: "NOT sufficient", None: "not decided in time"}
    answers = []
    asked = problems(load_model(options.model), made.inputs, made.target, **settings)
    for i, problem in enumerate(asked):
        channels = len(problem.x) // made.mask[i].size
        kept = problem.by_variable(made.mask[i].ravel().repeat(channels)) > 0
        answers.append(verify(problem, kept, oracle=options.oracle, time_limit=options.time_limit))
        print(f"input {i}: {int(kept.sum())} of {problem.size} kept, {words[answers[-1]]}")
    return int(not all(answers))
