"""A shard of two toy reviews with the files of all methods, and the network that reads them."""

import dataclasses

import numpy as np

from smug.datasets.beer.reviews import Review, prepare
from smug.datasets.beer.tokenizer import Tokenizer
from smug.io import save_arrays, save_json
from smug.jobs.settings.reviews import SufficientWordsSettings
from smug.masks.linear import LinearMap
from smug.masks.text.problem import TextNetwork
from smug.pipeline.results import as_table
from smug.pipeline.shards import AttributedShard, SaliencyShard, SolvedShard
from smug.reviews.confidence import Confidence
from smug.reviews.explained import SMUG, load_explained, smug_at
from smug.reviews.score_rows import score_rows
from smug.reviews.sufficient_words import word_sets_of_shard

SETTINGS = SufficientWordsSettings(
    name="beer",
    rule="fraction",
    fraction=0.8,
    high=0.85,
    low=0.15,
    ties=1e-9,
    limit=None,
    timeout=20.0,
)
PADDING, WORDS = 4, 9
ROWS = np.arange(PADDING, PADDING + WORDS)
VOCABULARY = ("a", "b", "c", "d", "e", "f", "g", "h", "i")


def random_network(seed):
    rng = np.random.default_rng(seed)
    network = TextNetwork(
        rng.normal(size=(3, 5, 8)), rng.normal(size=8) - 1, rng.normal(size=8), -0.2
    )
    embedded = rng.normal(size=(PADDING + WORDS, 5))
    embedded[:PADDING] = rng.normal(size=5)
    return network, embedded


def probability(network, embedded, kept, instead=0.0):
    shown = embedded.copy()
    shown[PADDING:][~kept] = instead
    return 1 / (1 + np.exp(-network.logits(shown)))


def predicted_by(network):
    return lambda embedded: 1 / (1 + np.exp(-network.logits(embedded)))


def asked_of(network, target):
    """Confidence of a network in the class explained of each text."""
    predict = predicted_by(network)

    def confidence(i, embedded):
        p = predict(embedded)
        return p if target[i] == 1 else 1 - p

    return confidence


def shard_of(cases):
    n, length = len(cases), PADDING + WORDS
    inputs = np.array([embedded for _, embedded in cases], np.float32)
    padding = np.zeros((n, length), bool)
    padding[:, :PADDING] = True
    network = cases[0][0]
    layer = LinearMap(
        *("conv", "conv1d", network.kernel, network.bias, (length,), (length - 2, 8)),
        *((1,), (1,), (0,)),
    )
    return AttributedShard(
        ids=np.array([f"r{i}" for i in range(n)]),
        images=np.zeros((n, length), np.int32),
        labels=np.full(n, -1),
        target=np.zeros(n, np.int64),
        probability=np.full((n, 2), 0.5, np.float32),
        inputs=inputs,
        attribution=np.zeros((n, length - 2, 8), np.float32),
        gradient=np.zeros((n, length - 2, 8), np.float32),
        activation=np.zeros((n, length - 2, 8), np.float32),
        completeness_error=np.zeros(n),
        seconds=np.zeros(n),
        padding=padding,
        layer=layer,
    )


def sets_of(shard, network, predict=None, settings=SETTINGS):
    """Sufficient words of a shard; the network itself is asked unless another one is given."""
    predict = predict or predicted_by(network)
    return word_sets_of_shard(shard.ids, shard.inputs, shard.padding, network, predict, settings)


def write_shard(folder):
    """Write all files of a shard of two reviews: the network, the reviews, the paths."""
    network = random_network(6)[0]
    shard = shard_of([(network, random_network(text)[1]) for text in (7, 3)])
    n, length = shard.padding.shape
    outputs = 1 / (1 + np.exp(-network.logits(shard.inputs)))
    probability = np.stack([1 - outputs, outputs], axis=1).astype(np.float32)
    shard = type(shard)(
        **{
            **vars(shard),
            "probability": probability,
            "target": probability.argmax(axis=1),
            "seconds": np.array([0.5, 0.25]),
        }
    )
    reviews = prepare(
        [
            Review("r0", (*VOCABULARY[:8], "I!"), 0.8, ((0, 2), (5, 6))),
            Review("r1", VOCABULARY, float("nan")),
        ],
        Tokenizer(VOCABULARY, 20),
        1,
        max_words=length,
    )
    rng = np.random.default_rng(0)
    masks = np.zeros((n, length), bool)
    shard.save(folder / "attribution.npz")
    empty = SolvedShard(
        ids=shard.ids,
        masks=masks,
        nodes=np.zeros((n, 1), np.int64),
        status=np.array(["optimal", "infeasible"]),
        objective=np.array([0.0, np.inf]),
        bound=np.zeros(n),
        rows=np.ones(n, np.int64),
        variables=np.ones(n, np.int64),
        encode_seconds=np.full(n, 0.125),
        solve_seconds=np.full(n, 1.0),
        message=np.array(["", ""]),
    )
    empty.save(folder / "empty.npz")
    masks = masks.copy()
    masks[0, [4, 6, 8]] = True
    three = np.array([3.0, np.inf])
    dataclasses.replace(empty, masks=masks, objective=three).save(folder / "masks.npz")
    base = np.where(shard.padding, 0, rng.random((n, length)))
    seen = ~shard.padding
    maps = {"ids": shard.ids, "smug": base * masks, "smug_base": base, "seen": seen}
    save_arrays(folder / "smug.npz", maps)
    save_arrays(folder / "nothing.npz", {**maps, "smug": np.zeros((n, length))})
    SaliencyShard(
        shard.ids,
        shard.target,
        rng.random((n, length)).astype(np.float32),
        np.zeros((n, length), bool),
        np.array([2.0, 3.0]),
        np.array(["", "it failed"]),
    ).save(folder / "ig.npz")
    save_json(folder / "ig.json", {"config": {"explainer": {"name": "ig_zero"}}})
    sets_of(shard, network).save(folder / "sets.npz")
    files = {
        "attribution": folder / "attribution.npz",
        "smug": {
            SMUG: (folder / "empty.npz", folder / "nothing.npz"),
            smug_at(0.5): (folder / "masks.npz", folder / "smug.npz"),
        },
        "maps": [folder / "ig.npz"],
        "settings": [folder / "ig.json"],
        "sets": folder / "sets.npz",
    }
    return network, reviews, files


def scores_of(explained):
    """All that is known of the toy shard, and its result rows."""
    network, reviews, files = explained
    texts = load_explained(reviews=reviews, **files)
    asked = asked_of(network, texts.attributed.target)
    rows = score_rows(Confidence(texts, asked), thresholds=100, share=0.3)
    return texts, as_table([{"run": "r", "dataset": "beer", **row} for row in rows])
