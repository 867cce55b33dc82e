"""Sufficient input subsets of a text CNN: incremental updates against full re-evaluation.

Same network, same reviews, same subsets. Full re-evaluation runs the Keras model on batches of
masked embeddings; both count multiply-adds in the convolution and the dense layer.

    python benchmarks/bench_sis.py [--reviews 5] [--words 60] [--seed 0]
"""

from __future__ import annotations

import argparse
import statistics
import time

import numpy as np

from smug.attribution import sufficient_subsets as sufficient
from smug.masks.text.problem import MaskedText
from smug.models.networks import text_cnn


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reviews", type=int, default=5)
    parser.add_argument("--words", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    rng = np.random.default_rng(args.seed)
    model = text_cnn.build(seed=args.seed)
    # Weights of an untrained net are too small to decide anything; widen them.
    model.layers[0].set_weights([rng.normal(0, 0.3, (10_000, 100))])
    network, from_embeddings = text_cnn.network(model), text_cnn.on_embeddings(model)
    times, work, same = [], [], 0
    for _ in range(args.reviews):
        tokens = np.zeros((1, 500), np.int32)
        tokens[0, -args.words :] = rng.integers(1, 10_000, args.words)
        embedded = text_cnn.embed(model, tokens)[0]
        start = network
        text = MaskedText(start, embedded, args.words)
        if text.logit(np.ones(args.words, bool)) < text.logit(np.zeros(args.words, bool)):
            start = network.negated()
            text = MaskedText(start, embedded, args.words)
        ends = [text.logit(np.full(args.words, bit)) for bit in (False, True)]
        threshold = ends[0] + 0.7 * (ends[1] - ends[0])
        sign = 1 if start is network else -1
        calls = [0]

        def predict(batch, sign=sign, calls=calls):
            calls[0] += len(batch)
            p = np.clip(
                np.asarray(from_embeddings(batch, training=False), np.float64), 1e-9, 1 - 1e-9
            )
            return sign * np.log(p / (1 - p))

        maskable = np.arange(500) >= 500 - args.words
        began = time.perf_counter()
        plain = sufficient.sufficient_subsets(
            predict, embedded, threshold, maskable=maskable, ties=1e-5
        )
        middle = time.perf_counter()
        fast = sufficient.sufficient_words(text, threshold, ties=1e-5)
        times.append((middle - began) / (time.perf_counter() - middle))
        work.append(multiply_adds_full(network, calls[0]) / multiply_adds_fast(text, fast))
        same += [sorted(s.members - 500 + args.words) for s in plain] == [
            sorted(s.members) for s in fast
        ]
    print(f"{args.reviews} reviews of {args.words} words, threshold at 70 % of the way")
    print(f"same subsets: {same} of {args.reviews}")
    print(f"times faster: median {statistics.median(times):.0f}, worst {min(times):.0f}")
    print(f"times fewer multiply-adds: median {statistics.median(work):.0f}, worst {min(work):.0f}")


def multiply_adds_full(network, evaluations: int) -> int:
    """Multiply-adds of full evaluations on 500 rows."""
    width, d, filters = network.kernel.shape
    return evaluations * filters * ((500 - width + 1) * width * d + 1)


def multiply_adds_fast(text: MaskedText, subsets) -> int:
    """Multiply-adds of the fast path: window table, word table, one dense row per candidate."""
    width, d, filters = text.network.kernel.shape
    table = (500 - width + 1 + text.words) * width * d * filters
    steps = sum(len(s.order) * (len(s.order) + 1) // 2 for s in subsets)
    updates = sum(len(s.order) for s in subsets) * width * (width + 1) * width * filters
    return table + (steps + len(subsets) + 1) * filters + updates


if __name__ == "__main__":
    main()
