"""One review through SMUG, end to end: attribution, encoding, solving, checking, scores.

The network has the paper's size and is trained on generated reviews; every review is attributed
with 200 steps, its mask problem solved with HiGHS and checked exactly.

    python benchmarks/bench_text.py [--reviews 20] [--train 1500] [--epochs 6] [--seed 0]
"""

from __future__ import annotations

import argparse
import statistics
import time

import numpy as np

from smug.threads import configure_threads


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reviews", type=int, default=20)
    parser.add_argument("--train", type=int, default=1500)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    configure_threads(args.threads)

    from smug.attribution.smug import smug
    from smug.models.first_layer import find_first_layer
    from smug.models.networks import text_cnn
    from smug.models.rewire import outputs_of

    model, tokens = trained(args)
    classes = text_cnn.two_classes(model)
    layer = find_first_layer(classes)
    target = outputs_of(classes, tokens).argmax(axis=1)
    settings = {"layer": layer, "top_k": 100, "gamma": 0.0, "window": 1, "batch_size": 20}
    settings["return_details"] = True
    # The first call traces the network; a user pays for it once.
    begin = time.perf_counter()
    smug(classes, tokens[:1], target[:1], **settings)
    first = time.perf_counter() - begin
    seconds, cpu, parts, words, status = [], [], {}, [], []
    for i in range(1, len(tokens)):
        begin, busy = time.perf_counter(), time.process_time()
        _, (made,) = smug(classes, tokens[i : i + 1], target[i : i + 1], **settings)
        seconds.append(time.perf_counter() - begin)
        cpu.append(time.process_time() - busy)
        for part, value in made.seconds.items():
            parts.setdefault(part, []).append(value)
        words.append(np.count_nonzero(made.mask))
        status.append(str(made.minimal.solution.status))
    print(f"{len(seconds)} reviews, median {statistics.median(words)} words kept, {set(status)}")
    print(f"seconds a review: median {statistics.median(seconds):.3f}, worst {max(seconds):.3f}")
    print(f"CPU seconds a review, all threads: median {statistics.median(cpu):.3f}")
    shown = ", ".join(f"{part} {statistics.median(values):.3f}" for part, values in parts.items())
    print(f"median seconds by part: {shown}; first call {first:.2f}")


def trained(args: argparse.Namespace):
    """A network of the paper's size, and the tokens of annotated reviews."""
    from smug.datasets.beer.splits import split_reviews
    from smug.models.networks import text_cnn

    splits = split_reviews(
        source="generated",
        aspect=1,
        explain="annotated",
        explained=args.reviews + 1,
        validation=100,
        generated_train=args.train,
        generated_heldout=200,
        num_words=10_000,
        max_words=500,
        seed=args.seed,
    )
    model = text_cnn.build(seed=args.seed)
    train, check = splits.train, splits.validation
    text_cnn.train(
        model,
        train.tokens,
        train.scores,
        validation=(check.tokens, check.scores),
        epochs=args.epochs,
        learning_rate=3e-3,
    )
    return model, splits.explained.tokens


if __name__ == "__main__":
    main()
