"""Batches that are halved where the library says that memory is not enough."""

import keras
import numpy as np
import pytest
from keras import layers

import smug
from smug.attribution.back_selection import Masked
from smug.attribution.geometric import geometric_ensemble, ggig
from smug.attribution.integrated_gradients import (
    first_layer_integrated_gradients,
    integrated_gradients,
)
from smug.attribution.sis import sis
from smug.errors import SmugError
from smug.metrics import deletion, map_lsc
from smug.models import backend, rewire
from smug.models.batches import Batches
from tests.drawn import drawn


def lack_of_memory():
    """The error that the library at hand raises where a device's memory is not enough."""
    library = keras.config.backend()
    if library == "tensorflow":
        import tensorflow as tf

        return tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")
    if library == "jax":
        import jax

        return jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 1 bytes.")
    import torch

    return torch.OutOfMemoryError("CUDA out of memory.")


def test_the_librarys_own_error_counts_as_a_lack_of_memory():
    assert backend.out_of_memory(lack_of_memory())


@pytest.mark.parametrize(("count", "each"), [(23, 1), (23, 3), (1, 5), (0, 1)])
@pytest.mark.parametrize("fits", [5, 6, 100])
def test_every_item_runs_once_in_order_and_no_part_is_too_large(count, each, fits):
    tried, done = [], []

    def run(part):
        rows = (part.stop - part.start) * each
        tried.append(rows)
        if rows > fits:
            raise lack_of_memory()
        return list(range(part.start, part.stop))

    batches = Batches(16)
    for part, made in batches.over(run, count, each=each):
        assert made == list(range(part.start, part.stop))
        done += made
    assert done == list(range(count))
    # It is halved once for each size that did not fit, and not tried again.
    too_large = [rows for rows in tried if rows > fits]
    assert len(set(too_large)) == len(too_large) <= 2


def test_where_not_even_one_fits_the_error_stays():
    def run(part):
        raise lack_of_memory()

    with pytest.raises(type(lack_of_memory())):
        list(Batches(8).over(run, 3))


def test_other_errors_end_the_run():
    def run(part):
        raise ValueError("no such layer")

    with pytest.raises(ValueError, match="no such layer"):
        list(Batches(8).over(run, 3))


def network():
    """Without a kink: whatever the batches, the sums are the same up to rounding."""
    model = keras.Sequential(
        [
            keras.Input((6, 6, 2)),
            layers.Conv2D(4, 3, activation="tanh"),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    return drawn(model, 1)


def images(count):
    return np.random.default_rng(0).random((count, 6, 6, 2)).astype(np.float32)


@pytest.mark.parametrize("batch_size", [3, 8, 24, 100, "auto"])
@pytest.mark.parametrize("method", [integrated_gradients, first_layer_integrated_gradients])
def test_maps_do_not_depend_on_how_steps_and_inputs_share_batches(method, batch_size):
    model, x, target = network(), images(5), np.array([0, 1, 2, 0, 1])
    expected, one_by_one = method(model, x, target, steps=8, batch_size=1, return_details=True)
    made, details = method(model, x, target, steps=8, batch_size=batch_size, return_details=True)
    np.testing.assert_allclose(made, expected, atol=1e-6)
    np.testing.assert_allclose(details.score, one_by_one.score, rtol=1e-6)
    np.testing.assert_allclose(details.baseline_score, one_by_one.baseline_score, rtol=1e-5)
    np.testing.assert_array_equal(details.steps, 8)


@pytest.mark.parametrize("fits", [2, 5, 9, 40])
def test_integrated_gradients_go_on_with_what_the_device_holds(monkeypatch, fits):
    """The library's error is raised below our code, where a batch is larger than what fits."""
    model, x, target = network(), images(3), np.array([0, 1, 2])
    expected = integrated_gradients(model, x, target, steps=16, batch_size=1)
    compiled, seen = backend.traced, []

    def on_a_small_device(function, signature, variables):
        run = compiled(function, signature, variables)

        def limited(*arguments):
            # Five: paths, whose last are the points; else one, a batch.
            rows = len(arguments[0]) * (arguments[-1].shape[1] if len(arguments) == 5 else 1)
            if rows > fits:
                raise lack_of_memory()
            seen.append(rows)
            return run(*arguments)

        return limited

    monkeypatch.setattr(backend, "traced", on_a_small_device)
    again = network()
    made = integrated_gradients(again, x, target, steps=16, batch_size=64)
    np.testing.assert_allclose(made, expected, atol=1e-6)
    assert max(seen) <= fits
    assert max(seen) > fits / 4


@pytest.fixture
def small_device(monkeypatch):
    """Lets no compiled function of `run` take more rows than fit; the rows that it took."""

    def made(run, fits):
        compiled, seen = backend.traced, []

        def traced(function, signature, variables):
            inner = compiled(function, signature, variables)

            def limited(*arguments):
                # Along the axes that a signature leaves open.
                rows = max(
                    len(one)
                    for one, spec in zip(arguments, signature, strict=True)
                    if spec.shape[:1] == (None,)
                )
                if rows > fits:
                    raise lack_of_memory()
                seen.append(rows)
                return inner(*arguments)

            return limited

        monkeypatch.setattr(backend, "traced", traced)
        answer = run()
        assert fits / 4 < max(seen) <= fits
        return answer

    return made


BATCHED = {
    "ggig": lambda model, size: ggig(model, images(2), [0, 1], points=12, batch_size=size),
    "ensemble": lambda model, size: geometric_ensemble(
        model, images(1), [0], points=12, members=1, batch_size=size
    ),
    "deletion": lambda model, size: (
        deletion(
            model, images(1), [0], np.arange(36.0).reshape(1, 6, 6), steps=20, batch_size=size
        ).y
    ),
    "lsc": lambda model, size: (
        map_lsc(model, images(1), [0], np.arange(36.0).reshape(1, 6, 6), batch_size=size).lsc
    ),
}


@pytest.mark.parametrize("fits", [3, 7])
@pytest.mark.parametrize("name", BATCHED)
def test_other_batches_go_on_with_what_the_device_holds(name, fits, small_device):
    expected = BATCHED[name](network(), 1)
    made = small_device(lambda: BATCHED[name](network(), 64), fits)
    np.testing.assert_allclose(made, expected, atol=1e-6)
    np.testing.assert_allclose(BATCHED[name](network(), "auto"), expected, atol=1e-6)


def test_the_search_for_subsets_starts_again_with_smaller_batches(monkeypatch):
    model, x = network(), images(1)
    target = rewire.outputs_of(model, x).argmax(axis=1)
    expected = sis(model, x, target, limit=2, batch_size=1)
    assert expected[1].any()
    search, tried = Masked.back_select, []

    def limited(masked, present, target, *, batch, **settings):
        tried.append(batch)
        if batch > 8:
            raise lack_of_memory()
        return search(masked, present, target, batch=batch, **settings)

    monkeypatch.setattr(Masked, "back_select", limited)
    made = sis(model, x, target, limit=2, batch_size=30)
    np.testing.assert_array_equal(made[0], expected[0])
    assert tried == [30, 15, *[7] * (len(tried) - 2)]
    monkeypatch.setattr(Masked, "back_select", search)
    made = sis(model, x, target, limit=2, batch_size="auto")
    np.testing.assert_array_equal(made[0], expected[0])


def test_where_not_even_one_row_fits_the_error_stays_there_too():
    def run(batch):
        raise lack_of_memory()

    with pytest.raises(type(lack_of_memory())):
        Batches(8).whole(run)


def test_the_batch_size_has_one_name(monkeypatch):
    with pytest.raises(SmugError, match="unknown batch_size 'automatic'"):
        smug.explain(network(), images(1), 0, "integrated_gradients", batch_size="automatic")
    with pytest.raises(SmugError, match=r"batch_size=0 is outside"):
        smug.explain(network(), images(1), 0, "integrated_gradients", batch_size=0)


@pytest.mark.parametrize(("accelerated", "size"), [(True, 1024), (False, 10)])
def test_auto_starts_with_what_pays_on_the_device(monkeypatch, accelerated, size):
    monkeypatch.setattr(backend, "on_accelerator", lambda: accelerated)
    assert Batches("auto").size == size
    assert Batches(7).size == 7
