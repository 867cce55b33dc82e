"""One face over what Keras runs on; these tests run on each library that the gate knows."""

import keras
import numpy as np
import pytest
from keras import ops

from smug.attribution.sufficient_subsets import _back_select
from smug.errors import SmugError
from smug.models import backend
from smug.models.backend import Spec, library

X = np.array([[1.0, -2.0, 3.0], [0.5, 0.0, -1.0]], np.float32)


def traced(function, *arrays, variables=()):
    return backend.traced(function, [Spec.of_batch(array) for array in arrays], variables)


def values(made):
    return keras.tree.map_structure(ops.convert_to_numpy, made)


def test_the_gradient_of_a_cubic():
    run = traced(lambda x: backend.gradient(lambda x: ops.sum(x**3, axis=1), x), X)
    gradient, scores = values(run(X))
    np.testing.assert_allclose(gradient, 3 * X**2, rtol=1e-6)
    np.testing.assert_allclose(scores, (X**3).sum(axis=1), rtol=1e-6)


def test_scores_that_ignore_the_points_have_gradient_zero():
    run = traced(lambda x, y: backend.gradient(lambda _: ops.sum(y, axis=1), x), X, X)
    gradient, scores = values(run(X, 2 * X))
    assert gradient.shape == X.shape
    assert not gradient.any()
    np.testing.assert_allclose(scores, 2 * X.sum(axis=1))


def test_a_compiled_function_reads_variables_as_they_are_when_it_is_called():
    weight = keras.Variable(np.float32(2))
    run = traced(lambda x: x * weight, X, variables=[weight])
    np.testing.assert_array_equal(values(run(X)), 2 * X)
    weight.assign(np.float32(-3))
    np.testing.assert_array_equal(values(run(X)), -3 * X)


def test_the_first_axis_of_a_batch_may_have_any_length():
    run = traced(lambda x: ops.sum(x, axis=1), X)
    for count in (1, 2, 5):
        assert values(run(np.ones((count, 3), np.float32))).tolist() == [3] * count


def test_numbers_become_the_type_that_was_named(recwarn):
    run = backend.traced(lambda x: x, [Spec((None,), "int64")], [])
    made = run([1, 2])
    assert not recwarn.list
    assert values(made).tolist() == [1, 2]


def test_a_trace_works_with_stand_ins():
    seen = []

    def function(x):
        seen.append(backend.has_value(x))
        return x

    traced(function, X)(X)
    # Torch runs functions as they stand.
    assert seen == [keras.config.backend() == "torch"]
    assert backend.has_value(ops.convert_to_tensor(X))
    assert backend.has_value("anything else")


def test_float64_is_kept_within_its_context():
    with backend.in_float64():
        third = ops.convert_to_tensor(np.array(1.0)) / 3
        assert values(third) == 1 / 3


def test_float32_sums_round_to_24_bits_on_a_processor():
    assert backend.roundoff() == 2.0**-24


@pytest.mark.skipif(
    keras.config.backend() == "tensorflow", reason="it refuses this size before it asks for memory"
)
def test_memory_that_a_processor_lacks_is_told_from_other_errors():
    with pytest.raises(backend.FAILURES) as raised:
        # What tensors stand on an address space of 47 bits.
        values(traced(lambda x: ops.zeros((2**50,), "float32") + x[0, 0], X)(X))
    assert backend.out_of_memory(raised.value)


def test_other_errors_are_no_lack_of_memory():
    assert not backend.out_of_memory(ValueError("RESOURCE_EXHAUSTED"))
    assert backend.FAILURES


@pytest.mark.parametrize("batch", [1, 3, 100])
@pytest.mark.parametrize("steps", [1, 7])
@pytest.mark.parametrize("ties", [0.0, 0.6])
def test_removals_are_those_of_the_plain_loop(batch, steps, ties):
    rng = np.random.default_rng(3)
    weight, pair = rng.normal(size=9), rng.normal(size=(9, 9))
    free = rng.random(9) < 0.9
    present = free & (np.arange(9) != 4)

    def score(kept):
        kept = kept.astype(float)
        return kept @ weight + np.einsum("ki,ij,kj->k", kept, pair, kept)

    def without(present, candidates):
        return score(present & (candidates[:, None] != np.arange(9)))

    def scores_without(present, candidates):
        places = ops.arange(9, dtype=candidates.dtype)
        kept = ops.cast(present[None] & (candidates[:, None] != places), ties_dtype)
        linear = ops.sum(kept * ops.cast(weight, ties_dtype), axis=1)
        both = ops.sum(ops.matmul(kept, ops.cast(pair, ties_dtype)) * kept, axis=1)
        return linear + both

    def run(present, free, ties, steps):
        return backend.removals(scores_without, present, free, ties, batch, steps)

    ties_dtype = "float32" if keras.config.backend() == "jax" else "float64"
    signature = [Spec((9,), "bool"), Spec((9,), "bool"), Spec((), "float64"), Spec((), "int64")]
    left, order, found = values(backend.traced(run, signature, [])(present, free, ties, steps))
    expected_order, expected = _back_select(without, present, ties)
    assert order[:steps].tolist() == expected_order[:steps]
    np.testing.assert_allclose(found[:steps], expected[:steps], rtol=1e-5, atol=1e-5)
    assert np.flatnonzero(present & ~left).tolist() == sorted(expected_order[:steps])


def test_batches_are_filled_up_where_each_size_is_compiled(monkeypatch):
    for compiles, spare in ((True, 3), (False, 0)):
        monkeypatch.setattr(backend, "COMPILES_EACH_SHAPE", compiles)
        assert backend.spare_rows(7, 10) == spare
        assert backend.spare_rows(12, 10) == 0


def test_work_of_tensorflow_alone_is_refused_on_another_library(monkeypatch):
    monkeypatch.setattr("keras.config.backend", lambda: "jax")
    with pytest.raises(SmugError, match="training works with TensorFlow only, and Keras runs on"):
        library.tensorflow("training", running=True)


def test_a_missing_tensorflow_is_named(monkeypatch):
    monkeypatch.setattr("smug.models.backend.library.find_spec", lambda _: None)
    with pytest.raises(SmugError, match=r"checkpoints needs TensorFlow: pip install 'smug\["):
        library.tensorflow("reading checkpoints", running=False)
