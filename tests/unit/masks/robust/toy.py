"""Tiny networks, and the least lead over a box by enumerating every pattern of signs."""

from itertools import pairwise, product

import numpy as np
from scipy.optimize import linprog

from smug.masks.network import DenseNetwork
from smug.masks.robust.problem import robust_problem


def random_network(rng, inputs, hidden=(4,), classes=3):
    sizes = (inputs, *hidden, classes)
    weights = tuple(rng.normal(size=pair) for pair in pairwise(sizes))
    return DenseNetwork(weights, tuple(rng.normal(size=n) * 0.3 for n in sizes[1:]))


def random_problem(seed, inputs=6, hidden=(4,), epsilon=0.3, **settings):
    """A problem whose input leads by the margin: its label is the network's own class."""
    rng = np.random.default_rng(seed)
    network = random_network(rng, inputs, hidden)
    x = rng.uniform(0, 1, inputs)
    label = int(network.logits(x[None])[0].argmax())
    return robust_problem(network, x, label, epsilon=epsilon, **settings)


def least_lead(problem, free):
    """Least lead while ``free`` moves, one linear program for each pattern and rival."""
    low, high = problem.box(free)
    weights, biases = problem.network.weights, problem.network.biases
    widths = [W.shape[1] for W in weights[:-1]]
    best = np.inf
    for flat in product((0.0, 1.0), repeat=sum(widths)):
        signs = np.split(np.array(flat), np.cumsum(widths)[:-1])
        slope, constant = np.eye(len(low)), np.zeros(len(low))
        rows, right = [], []
        for W, b, on in zip(weights, biases, [*signs, None], strict=True):
            slope, constant = slope @ W, constant @ W + b
            if on is None:
                break
            way = np.where(on > 0, -1.0, 1.0)  # on: -h <= 0; off: h <= 0
            rows.append((slope * way).T)
            right.append(-constant * way)
            slope, constant = slope * on, constant * on
        A, limit = np.vstack(rows), np.concatenate(right)
        if (np.minimum(A * low, A * high).sum(axis=1) > limit).any():
            continue  # no point of the box has these signs
        for rival in problem.rivals:
            cost = slope[:, problem.label] - slope[:, rival]
            found = linprog(cost, A, limit, bounds=np.c_[low, high].tolist())
            if found.success:
                lead = found.fun + constant[problem.label] - constant[rival]
                best = min(best, lead)
    return best


def every_set(size):
    return np.array(list(product((False, True), repeat=size)))


def largest_free(problem):
    """Size of the largest set that may be free, from every subset's own least lead."""
    sets = every_set(problem.size)
    lost = []
    for free in sets[np.argsort(sets.sum(axis=1), kind="stable")]:
        # A set with an insufficient part is insufficient.
        if any((part <= free).all() for part in lost):
            continue
        if least_lead(problem, free) >= problem.margin:
            largest = int(free.sum())
        else:
            lost.append(free)
    return largest
