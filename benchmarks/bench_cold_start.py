"""One photograph from a command to its files, and in a loop: ours, PAIR saliency and captum.

The same network (EfficientNet-Lite0, batch normalisation folded), the same photograph and the same
steps of Integrated Gradients. *Cold* is a fresh process that reads the photograph and leaves a
picture and an array; *warm* is the median of further maps in a process that has made one. A tool
whose package is not installed is left out, by name. captum runs on the Keras model under Keras's
torch backend, where such a model is a torch module; --captum names the Python that has both:

    pip install keras torch captum matplotlib pillow      # in an environment of its own
    python benchmarks/bench_cold_start.py --captum <environment>/bin/python
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

#: Tools by name: the package to look for, and the backend of Keras.
TOOLS = {
    "smug explain": ("smug", "tensorflow"),
    "smug explain, IG": ("smug", "tensorflow"),
    "saliency, IG": ("saliency", "tensorflow"),
    "captum, IG": ("captum", "torch"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--image", type=Path, help="default: a photograph of a package")
    parser.add_argument("--captum", default=sys.executable, help="a Python that has captum, torch")
    parser.add_argument("--child", choices=TOOLS, help=argparse.SUPPRESS)
    parser.add_argument("--network", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--maps", type=int, default=1, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(CHILDREN[options.child](options)))
        return
    with tempfile.TemporaryDirectory() as folder:
        compare(options, Path(folder))


def compare(options: argparse.Namespace, folder: Path) -> None:
    """Run every tool by turns, and print a line for each."""
    image = options.image or _photograph()
    network = folder / "network.keras"
    _run([sys.executable, "-c", _SAVE, str(network)], "tensorflow", options.threads)
    pythons = {name: sys.executable for name in TOOLS} | {"captum, IG": options.captum}
    known = {}
    for name, (package, _) in TOOLS.items():
        there = subprocess.run([pythons[name], "-c", f"import {package}"], capture_output=True)
        if there.returncode:
            print(f"{name}: left out, no package {package} in {pythons[name]}")
        else:
            known[name] = pythons[name]
    cold: dict[str, list[dict[str, float]]] = {name: [] for name in known}
    for _ in range(options.repeats):
        for name, python in known.items():
            cold[name].append(
                _run(_command(name, python, options, image, network, folder), *_of(name, options))
            )
    print(f"{'':18s} {'cold: wall':>11s} {'processor':>10s} {'memory':>8s}   warm: wall  processor")
    warm = {}
    for name, python in known.items():
        command = [python, __file__, "--child", name, "--maps", str(1 + options.repeats)]
        command += ["--steps", str(options.steps), "--image", str(image), "--folder", str(folder)]
        found = json.loads(_run([*command, "--network", str(network)], *_of(name, options))["said"])
        warm[name] = found
        wall, processor, memory = (
            statistics.median(one[key] for one in cold[name])
            for key in ("wall", "processor", "memory")
        )
        print(
            f"{name:18s} {wall:9.2f} s {processor:8.2f} s {memory:5.0f} MB   {found['wall']:8.2f} s"
            f" {found['processor']:8.2f} s"
        )
    for other in ("saliency, IG", "captum, IG"):
        if other in known:
            ratios = [
                warm["smug explain, IG"][key] / warm[other][key] for key in ("wall", "processor")
            ]
            print(
                f"warm IG, ours / {other}: {ratios[0]:.2f} of the time, {ratios[1]:.2f} processor"
            )


def _of(name: str, options: argparse.Namespace) -> tuple[str, int]:
    return TOOLS[name][1], options.threads


def _command(
    name: str,
    python: str,
    options: argparse.Namespace,
    image: Path,
    network: Path,
    folder: Path,
) -> list[str]:
    """Command that makes the files of one photograph."""
    if name.startswith("smug"):
        command = [python, "-m", "smug.cli", "explain", str(image), "--overwrite"]
        command += ["--output-dir", str(folder), "--threads", str(options.threads)]
        method = ["--method", "integrated_gradients"] if name.endswith("IG") else []
        return [*command, *method, "--set", f"steps={options.steps}"]
    return [
        *(python, __file__, "--child", name, "--steps", str(options.steps)),
        *("--image", str(image), "--folder", str(folder), "--network", str(network)),
    ]


def _run(command: list[str], backend: str, threads: int) -> dict[str, Any]:
    """Wall and processor seconds, peak memory (MB) and last line of a process."""
    names = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    limits = dict.fromkeys(names, str(threads))
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as wrong:
        begin = perf_counter()
        process = subprocess.Popen(
            command,
            stdout=said,
            stderr=wrong,
            env=os.environ | limits | quiet | {"KERAS_BACKEND": backend},
        )
        # Of this process alone, where getrusage has the largest of all children.
        _, status, used = os.wait4(process.pid, 0)
        wall = perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        wrong.seek(0)
        if process.returncode:
            sys.exit(f"{' '.join(command)} failed:\n{wrong.read()[-2000:]}")
        lines = said.read().strip().splitlines()
    return {
        "wall": wall,
        "processor": used.ru_utime + used.ru_stime,
        "memory": used.ru_maxrss / 1e3,  # Linux counts in kB
        "said": lines[-1] if lines else "",
    }


def _photograph() -> Path:
    from smug.datasets.photographs import photograph_records

    return Path(photograph_records()[0][0].path)


#: Saves the network of the command, for the other tools to load.
_SAVE = """
import sys
from smug.cli.network import load_network
load_network(None, None, None).model.save(sys.argv[1])
"""


def _pixels(path: Path) -> Any:
    """Photograph as the network gets it, shape (1, 224, 224, 3)."""
    import numpy as np
    from PIL import Image

    image = Image.open(path).convert("RGB").resize((224, 224), Image.Resampling.BILINEAR)
    return ((np.asarray(image, np.float32) - 127) / 128)[np.newaxis]


def _timed(one_map: Callable[[], Any], options: argparse.Namespace) -> dict[str, float]:
    """Make maps, the first with its files; median seconds of the others."""
    import matplotlib
    import numpy as np

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    values = one_map()
    figure, axis = plt.subplots()
    axis.imshow(np.abs(np.asarray(values)).reshape(224, 224, -1).sum(axis=-1))
    figure.savefig(options.folder / "map.png")
    np.savez(options.folder / "map.npz", values=values)
    wall, processor = [], []
    for _ in range(options.maps - 1):
        begin = perf_counter(), process_time()
        one_map()
        wall.append(perf_counter() - begin[0])
        processor.append(process_time() - begin[1])
    if not wall:
        return {}
    return {"wall": statistics.median(wall), "processor": statistics.median(processor)}


def _ours(options: argparse.Namespace) -> dict[str, float]:
    import smug
    from smug.cli.network import load_network

    model, x = load_network(None, None, None).model, _pixels(options.image)
    settings: dict[str, Any] = {"steps": options.steps}
    if options.child.endswith("IG"):
        return _timed(
            lambda: smug.explain(model, x, method="integrated_gradients", **settings).values,
            options,
        )
    return _timed(lambda: smug.explain(model, x, detail="coarse", **settings).values, options)


def _saliency(options: argparse.Namespace) -> dict[str, float]:
    """At its best: batches of 20 in a tf.function."""
    import keras
    import saliency.core as pair
    import tensorflow as tf

    model, x = keras.models.load_model(options.network), _pixels(options.image)
    target = int(model(x, training=False).numpy().argmax())

    @tf.function
    def step(points: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(points)
            score = model(points, training=False)[:, target]
        return tape.gradient(score, points)

    def call_model(points: Any, call_model_args: object, expected_keys: object) -> dict[str, Any]:
        gradient = step(tf.constant(points, tf.float32)).numpy()
        return {pair.base.INPUT_OUTPUT_GRADIENTS: gradient}

    method = pair.IntegratedGradients()
    return _timed(
        lambda: method.GetMask(x[0], call_model, x_steps=options.steps, batch_size=20), options
    )


def _captum(options: argparse.Namespace) -> dict[str, float]:
    import keras
    import torch
    from captum.attr import IntegratedGradients

    model, x = keras.models.load_model(options.network), torch.tensor(_pixels(options.image))
    target = int(model(x, training=False).argmax())
    method = IntegratedGradients(lambda points: model(points, training=False))
    return _timed(
        lambda: (
            method.attribute(
                x,
                target=target,
                n_steps=options.steps,
                method="riemann_middle",
                internal_batch_size=10,
            )
            .detach()
            .numpy()
        ),
        options,
    )


CHILDREN: dict[str, Callable[[argparse.Namespace], dict[str, float]]] = {
    "smug explain": _ours,
    "smug explain, IG": _ours,
    "saliency, IG": _saliency,
    "captum, IG": _captum,
}


if __name__ == "__main__":
    main()
