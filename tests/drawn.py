"""Weights that are the same on every backend: each draws its own from a seed."""

import numpy as np


def drawn(model, seed):
    """The model, its kernels drawn as Glorot's are and its biases about 0.3 in size, by NumPy."""
    rng = np.random.default_rng(seed)
    for weight in model.trainable_weights:
        sides = weight.shape if len(weight.shape) > 1 else (*weight.shape, 1)
        field = int(np.prod(sides[:-2]))
        deviation = np.sqrt(2 / (field * (sides[-2] + sides[-1])))
        if len(weight.shape) == 1:
            deviation = 0.3
        weight.assign(rng.normal(scale=deviation, size=weight.shape))
    return model
