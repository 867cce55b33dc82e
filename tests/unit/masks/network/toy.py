"""Small random networks, with brute force beside them."""

from itertools import pairwise, product

import numpy as np

from smug.masks.network import DenseNetwork
from smug.masks.problem import Status

MARGIN = 1e-4


def random_network(rng, sizes):
    pairs = list(pairwise(sizes))
    weights = tuple(rng.normal(size=p) for p in pairs)
    return DenseNetwork(weights, tuple(rng.normal(size=p[1]) * 0.5 for p in pairs))


def forward(network, x):
    for W, b in zip(network.weights[:-1], network.biases[:-1], strict=True):
        x = np.maximum(0, x @ W + b)
    return x @ network.weights[-1] + network.biases[-1]


def lead(network, x, label):
    logits = forward(network, x)
    return logits[label] - np.delete(logits, label).max()


def masked(x, mask, shape, window):
    columns = -(-shape[1] // window)
    out = np.zeros(shape)
    for r in range(shape[0]):
        for c in range(shape[1]):
            if mask[r // window * columns + c // window]:
                out[r, c] = x.reshape(shape)[r, c]
    return out.ravel()


def brute_force(network, x, label, shape, window, delta):
    windows = -(-shape[0] // window) * -(-shape[1] // window)
    masks = np.array(list(product([False, True], repeat=windows)))
    pixels = np.array([masked(np.ones(x.size), one, shape, window) for one in np.eye(windows)])
    logits = forward(network, masks @ pixels * x)
    leads = logits[:, label] - np.delete(logits, label, axis=1).max(axis=1)
    sizes = masks.sum(axis=1)[leads >= delta + MARGIN]
    return sizes.min() if len(sizes) else None


def check(network, x, label, shape, window, delta, solution):
    expected = brute_force(network, x, label, shape, window, delta)
    if expected is None:
        assert solution.status is Status.INFEASIBLE
        assert solution.bound == np.inf
        assert not solution.mask.any()
        assert solution.masks == ()
    else:
        assert solution.status is Status.OPTIMAL
        assert solution.objective == solution.bound == expected == solution.mask.sum()
        assert lead(network, masked(x, solution.mask, shape, window), label) >= delta + MARGIN


def instance(seed, depth, shape=(3, 4), hidden=5):
    rng = np.random.default_rng(seed)
    network = random_network(rng, (shape[0] * shape[1], *[hidden] * depth, 3))
    x = rng.random(shape[0] * shape[1]) * (rng.random(shape[0] * shape[1]) < 0.85)
    label = int(rng.integers(3))
    return network, x, label


def hard_instance():
    rng = np.random.default_rng(0)
    network = random_network(rng, (196, 48, 48, 5))
    x = rng.random(196)
    label = int(forward(network, x).argmax())
    return network, x, label, lead(network, x, label)
