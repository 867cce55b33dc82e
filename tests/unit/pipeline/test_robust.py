"""Robust sets of a shard: every input at every epsilon, those that fail beside the others."""

from types import SimpleNamespace

import numpy as np
import pytest

from smug.attribution.robust import problems
from smug.errors import SmugError
from smug.pipeline.robust import robust_shard
from smug.pipeline.shards import FAILED, RobustShard
from tests.unit.attribution.test_robust import dense, inputs
from tests.unit.masks.robust.toy import largest_free

EPSILONS = [0.1, 0.4]
IDS = np.array(["a", "b"])


def settings(**changed):
    usual = {"epsilons": EPSILONS, "windows": [1, 1], "margin": 1e-4, "time_limit": 20.0}
    return SimpleNamespace(**usual | changed)


def explained(shape=(2, 3), count=2, **changed):
    """A model, inputs, and their robust sets."""
    model = dense(shape, seed=5)
    x = inputs(model, count)
    target = np.asarray(model(x)).argmax(axis=1)
    return model, x, robust_shard(model, x, target, IDS[:count], settings(**changed), (0.0, 1.0))


@pytest.mark.filterwarnings("ignore::smug.SmugWarning")
def test_every_input_is_explained_at_every_epsilon_as_brute_force_has_it():
    model, x, found = explained()
    assert found.ids.tolist() == ["a", "b", "a", "b"]
    assert found.epsilon.tolist() == [0.1, 0.1, 0.4, 0.4]
    sizes = [
        6 - largest_free(problem)
        for epsilon in EPSILONS
        for problem in problems(
            model,
            x,
            found.target[:2],
            epsilon=epsilon,
            input_range=(0.0, 1.0),
            window=1,
            margin=1e-4,
        )
    ]
    assert max(sizes) > 0
    assert found.objective.tolist() == found.bound.tolist() == sizes
    assert found.masks.sum(axis=(1, 2)).tolist() == sizes
    assert (found.status == "optimal").all()
    assert found.minimal.all()
    assert (found.gap() == 0).all()
    assert (found.first_seconds <= found.seconds).all()


@pytest.mark.parametrize("shape", [(2, 3), (3, 2, 2)])
def test_the_counterexample_moves_one_part_of_the_set_more_and_changes_the_class(shape):
    model, x, found = explained(shape, epsilons=[0.5], windows=[1])
    shown = found.masks.any(axis=(1, 2))
    assert shown.any()
    for i in np.flatnonzero(shown):
        released, point = found.released[i], found.counterexample[i]
        assert released.sum() == 1
        assert found.masks[i][released].all()
        assert not released[~found.masks[i]].any()
        moved = np.abs(point - x[i]).reshape(*released.shape, -1).max(axis=-1)
        assert moved.max() <= 0.5 + 1e-6
        assert (moved[found.masks[i] & ~released] == 0).all()
        answer = int(np.asarray(model(point[None].astype(np.float32)))[0].argmax())
        assert answer == found.counterexample_class[i] != found.target[i]
    assert np.isnan(found.counterexample[~shown]).all()
    assert (found.counterexample_class[~shown] == -1).all()


def test_windows_are_counted_and_released_whole():
    _, _, found = explained((4, 4), epsilons=[0.3, 0.6], windows=[4, 2])
    assert found.window.tolist() == [4, 4, 2, 2]
    assert set(found.masks[:2].sum(axis=(1, 2)).tolist()) <= {0, 16}
    found = RobustShard(**{name: values[2:] for name, values in vars(found).items()})
    kept = found.masks[:, ::2, ::2].sum(axis=(1, 2))
    assert found.objective.tolist() == kept.tolist()
    assert found.masks.sum(axis=(1, 2)).tolist() == (4 * kept).tolist()
    assert found.released.sum(axis=(1, 2)).tolist() == np.where(kept > 0, 4, 0).tolist()


def test_an_input_that_fails_is_named_and_the_others_go_on(capsys):
    model = dense((2, 3), seed=5)
    x = inputs(model, 2)
    scores = np.asarray(model(x))
    target = np.array([scores[0].argmin(), scores[1].argmax()])
    found = robust_shard(model, x, target, IDS, settings(epsilons=[0.4], windows=[1]), (0.0, 1.0))
    assert found.status.tolist() == [FAILED, "optimal"]
    assert found.has_mask().tolist() == [False, True]
    assert found.gap().tolist() == [np.inf, 0.0]
    assert not found.masks[0].any()
    assert "no set of features is sufficient" in found.message[0]
    assert "a: class" in capsys.readouterr().out
    rows = [row for row in found.result_rows() if row["image"] == "a"]
    values = {row["metric"]: row["value"] for row in rows}
    assert values["mask_size"] == np.inf
    assert np.isnan(values["sparsity"])


def test_a_network_that_fits_no_input_is_named_by_the_first():
    model = dense((2, 3), activation="tanh")
    x = inputs(model, 2)
    target = np.asarray(model(x)).argmax(axis=1)
    with pytest.raises(SmugError, match=r"all 4 searches failed, a first: .*activation tanh"):
        robust_shard(model, x, target, IDS, settings(), (0.0, 1.0))


def test_time_over_leaves_the_whole_input_and_no_counterexample():
    _, _, found = explained((6, 5), count=1, epsilons=[1.0], windows=[1], time_limit=1e-9)
    assert found.masks.all()
    assert (found.status[0], found.objective[0], found.bound[0]) == ("feasible", 30.0, 0.0)
    assert not found.minimal[0]
    assert np.isnan(found.first_seconds[0])
    assert np.isnan(found.counterexample).all()
    assert not found.released.any()


def test_rows_say_of_each_set_its_size_and_how_far_it_is_proven():
    _, _, found = explained(epsilons=[0.4], windows=[1])
    rows = list(found.result_rows())
    assert {row["metric"] for row in rows} == {"mask_size", "sparsity", "minimal", "first_seconds"}
    sizes = [row for row in rows if row["metric"] == "mask_size"]
    assert [row["image"] for row in sizes] == ["a", "b"]
    assert [row["value"] for row in sizes] == found.objective.tolist()
    shares = [row["value"] for row in rows if row["metric"] == "sparsity"]
    assert shares == pytest.approx(found.objective / 6)
    for column, value in {"epsilon": 0.4, "window": 1, "status": "optimal", "gap": 0.0}.items():
        assert {row[column] for row in rows} == {value}
    assert [row["solve_seconds"] for row in sizes] == found.seconds.tolist()


@pytest.mark.filterwarnings("ignore::smug.SmugWarning")
def test_a_shard_comes_back_from_its_file(tmp_path):
    _, _, found = explained()
    found.save(tmp_path / "0.npz")
    again = RobustShard.load(tmp_path / "0.npz")
    for name, values in vars(found).items():
        np.testing.assert_array_equal(getattr(again, name), values)
