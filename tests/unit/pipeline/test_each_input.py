"""Work on a shard input by input."""

import numpy as np
import pytest

from smug.errors import SmugError
from smug.pipeline.each_input import each_input

IDS = np.array(["a", "b", "c"])


def failing_on(number, error):
    def work(i):
        if i == number:
            raise error
        return 10 * i

    return work


@pytest.mark.parametrize(
    ("error", "said"),
    [(SmugError("no mask"), "no mask"), (ZeroDivisionError(), "ZeroDivisionError")],
)
def test_an_input_that_fails_is_named_and_the_others_go_on(capsys, error, said):
    outcomes = list(each_input(IDS, failing_on(1, error), label="work"))
    assert [outcome.value for outcome in outcomes] == [0, None, 20]
    assert [outcome.message for outcome in outcomes] == ["", said, ""]
    assert all(outcome.seconds >= 0 for outcome in outcomes)
    shown = capsys.readouterr()
    assert shown.out == f"b: {said}\n"
    assert "work" in shown.err


def test_a_bug_ends_the_job():
    with pytest.raises(TypeError):
        list(each_input(IDS, failing_on(2, TypeError("a bug")), label="work"))
