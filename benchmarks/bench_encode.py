"""Encode 3000 nodes of a 7×7×3 stride-2 convolution on 224×224 (target: < 0.2 s, one core)."""

from __future__ import annotations

import statistics
from time import perf_counter

import numpy as np

from smug.masks.encode import encode_first_layer
from smug.masks.linear import LinearMap


def main() -> None:
    rng = np.random.default_rng(0)
    layer = LinearMap(
        name="conv",
        kind="conv2d",
        kernel=rng.normal(size=(7, 7, 3, 64)),
        bias=rng.normal(size=64),
        spatial=(224, 224),
        output_shape=(112, 112, 64),
        strides=(2, 2),
        dilation=(1, 1),
        pads=(2, 2),
    )
    image = rng.uniform(-1, 1, (224, 224, 3))
    # Half of any nodes have a positive response, and only those make rows.
    some = rng.permutation(layer.size)[:8000]
    nodes = encode_first_layer(layer, image, some, window=4, gamma=0.0).nodes[:3000]
    for window in (1, 2, 4):
        seconds = []
        for _ in range(7):
            begin = perf_counter()
            encoded = encode_first_layer(layer, image, nodes, window=window, gamma=0.0)
            seconds.append(perf_counter() - begin)
        rows, columns = encoded.problem.A.shape
        print(
            f"encode window={window}: median {statistics.median(seconds):.3f} s, "
            f"{rows} rows × {columns} columns, {encoded.problem.A.nnz} coefficients"
        )


if __name__ == "__main__":
    main()
