"""One photograph through every method and every measure: seconds each, and the peak memory.

EfficientNet-Lite0 and the methods' default settings, SMUG with the paper's k = 3000, γ = 0 and
windows of 4 pixels. The first call of a method traces the network; it is timed apart.

    python benchmarks/bench_one_image.py [--threads 2] [--repeats 3] [--methods smug,gradcam]
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from collections.abc import Callable

from smug.threads import configure_threads

#: Settings without a default, or the paper's.
SETTINGS = {"smug": {"top_k": 3000, "gamma": 0.0, "window": 4}, "smug_base": {"top_k": 3000}}


def timed(call: Callable[[], object], repeats: int) -> tuple[float, float, object]:
    """Seconds of the first call, median seconds of the others, and the last answer."""
    seconds, answer = [], None
    for _ in range(repeats + 1):
        begin = time.perf_counter()
        answer = call()
        seconds.append(time.perf_counter() - begin)
    return seconds[0], statistics.median(seconds[1:]), answer


def peak_memory() -> float:
    """Largest resident size so far in MB (Linux counts in kB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--methods", default="", help="some of them, separated by commas")
    args = parser.parse_args()
    configure_threads(args.threads)

    from smug.datasets.images import prepare_images
    from smug.datasets.photographs import photograph_records
    from smug.methods import METHODS, explain
    from smug.metrics import curves
    from smug.metrics.boxes import opt_box
    from smug.metrics.lsc import map_lsc
    from smug.models import rewire
    from smug.models.networks import efficientnet_lite0 as lite0

    model = lite0.import_weights()
    records, names = photograph_records()
    pixels = prepare_images(records[:1], names, lite0.PREPROCESSING.size)[0].images
    x = lite0.PREPROCESSING(pixels)
    target = rewire.outputs_of(model, x).argmax(axis=1)
    print(f"{'network and photograph':24s}                          {peak_memory():6.0f} MB")

    def report(name: str, call: Callable[[], object]) -> object:
        first, median, answer = timed(call, args.repeats)
        print(f"{name:24s} {median:8.3f} s  (first {first:7.3f} s)  {peak_memory():6.0f} MB")
        return answer

    # A photograph has too many pixels for sis.
    usual = [name for name in METHODS if name != "sis"]
    for method in args.methods.split(",") if args.methods else usual:
        settings = SETTINGS.get(method, {})
        report(method, lambda m=method, s=settings: explain(model, x, target, m, **s))
    saliency = explain(model, x, target, "gradcam").saliency()
    report("LSC", lambda: map_lsc(model, x, target, saliency))
    report("OptBox, 10 x 10 cells", lambda: opt_box(model, x, target))
    report("insertion", lambda: curves.insertion(model, x, target, saliency))
    report("deletion", lambda: curves.deletion(model, x, target, saliency))
    report(
        "information curves",
        lambda: curves.information_curves(
            model, pixels, target, saliency, preprocessing=lite0.PREPROCESSING
        ),
    )


if __name__ == "__main__":
    main()
