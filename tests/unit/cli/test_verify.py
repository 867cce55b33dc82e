from dataclasses import replace

import keras
import numpy as np
import pytest

import smug
from smug import cli


@pytest.fixture(scope="module")
def explained(tmp_path_factory):
    """A saved model and its saved robust sets."""
    folder = tmp_path_factory.mktemp("robust")
    keras.utils.set_random_seed(1)
    bias = keras.initializers.RandomNormal(stddev=0.3)
    model = keras.Sequential(
        [
            keras.Input((4, 3, 2)),
            keras.layers.Flatten(),
            keras.layers.Dense(5, "relu", bias_initializer=bias),
            keras.layers.Dense(3, "softmax", bias_initializer=bias),
        ]
    )
    model.save(folder / "m.keras")
    x = np.random.default_rng(0).uniform(size=(2, 4, 3, 2)).astype(np.float32)
    made = smug.explain(model, x, method="robust", epsilon=0.4, window=2)
    assert made.mask.any(axis=(1, 2)).all()
    made.save(folder / "sets.npz")
    return folder, model, made


@pytest.mark.parametrize("oracle", ["milp", "z3"])
def test_found_sets_are_proven_again(explained, capsys, oracle):
    folder, _, made = explained
    words = ["verify", str(folder / "sets.npz"), "--model", str(folder / "m.keras")]
    cli.main([*words, "--oracle", oracle])
    said = capsys.readouterr().out.splitlines()
    assert said == [
        f"input {i}: {int(size)} of 4 kept, proven; {int(size)} of {int(size)} counterexamples hold"
        for i, size in enumerate(made.solver["objective"])
    ]


def verified(folder, made, tmp_path, capsys):
    """Words of ``smug verify`` about an explanation that it refuses."""
    made.save(tmp_path / "other.npz")
    with pytest.raises(SystemExit) as stop:
        cli.main(["verify", str(tmp_path / "other.npz"), "--model", str(folder / "m.keras")])
    assert stop.value.code == 1
    return capsys.readouterr().out


def test_a_set_that_is_too_small_is_named(explained, tmp_path, capsys):
    folder, _, made = explained
    mask = made.mask.copy()
    mask[1] = False
    said = verified(folder, replace(made, mask=mask), tmp_path, capsys)
    assert "input 1: 0 of 4 kept, NOT sufficient" in said
    frees = made.counterexamples.of(1).frees[0]
    assert f"frees {frees} does not hold: {frees} is not in the set" in said


def test_a_counterexample_that_does_not_hold_is_named(explained, tmp_path, capsys):
    folder, _, made = explained
    points = made.counterexamples.points.copy()
    points[0] = made.inputs[made.counterexamples.explained[0]]
    changed = replace(made.counterexamples, points=points)
    said = verified(folder, replace(made, counterexamples=changed), tmp_path, capsys)
    assert f"frees {changed.frees[0]} does not hold: class {made.target[0]} leads class" in said
    assert said.count("proven; ") == 2


def test_a_minimal_set_has_a_counterexample_for_each_feature(explained, tmp_path, capsys):
    folder, _, made = explained
    last = made.counterexamples
    fewer = type(last)(**{name: values[:-1] for name, values in vars(last).items()})
    said = verified(folder, replace(made, counterexamples=fewer), tmp_path, capsys)
    assert f"input 1: it is said to be minimal, and {last.frees[-1]} has no counterexample" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--oracle", "gurobi"], "unknown oracle 'gurobi'"),
        (["--time-limit", "0"], "--time-limit=0.0 is outside"),
    ],
)
def test_mistakes_end_with_one_line(explained, words, said):
    folder, _, _ = explained
    start = ["verify", str(folder / "sets.npz"), "--model", str(folder / "m.keras")]
    with pytest.raises(SystemExit) as stop:
        cli.main([*start, *words])
    assert said in str(stop.value)


def test_other_methods_prove_no_set(explained, tmp_path):
    folder, model, made = explained
    smug.explain(model, made.inputs, method="gradients").save(tmp_path / "g.npz")
    with pytest.raises(SystemExit, match="proves no set"):
        cli.main(["verify", str(tmp_path / "g.npz"), "--model", str(folder / "m.keras")])
