"""``smug explain`` on images: a picture, arrays and a record of each, one table over all."""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smug.cli.labels import read_labels
from smug.cli.methods import chosen_methods, read_settings
from smug.cli.network import Network, check_file, load_network, read_scale
from smug.cli.outputs import PICTURES, Outputs, check_options, is_output, plan, plan_table
from smug.cli.startup import load_keras
from smug.errors import SmugError
from smug.io import atomic, sha256
from smug.threads import choose_backend

if TYPE_CHECKING:
    from smug.explanation import Explanation
    from smug.models.preprocessing import Preprocessing


def explain_images(options: argparse.Namespace) -> int:
    """Explain the images and folders given; exit code 1 if any failed.

    What can be refused is refused before a network is loaded.
    """
    methods = chosen_methods(options.method)
    settings = read_settings(methods, options.set)
    scale = read_scale(options)
    class_names = None if options.labels is None else read_labels(options.labels)
    images = _listed(options.images)
    several = len(images) > 1 or Path(options.images[0]).is_dir()
    check_options(options, PICTURES, several=several)
    planned = plan(images, methods, options, PICTURES[0])
    table = plan_table(images, options) if several else None
    check_file(options.model)
    choose_backend(options.model)
    load_keras(options.threads)
    network = load_network(options.model, class_names, scale)
    print(f"input: {_fed(network.preprocess)}; {network.reason}")
    left_out = options.method == ["all"]
    job = _Job(network, settings, options.target, options.detail, left_out=left_out)
    return job.run(images, planned, table)


def _listed(words: Sequence[str]) -> list[Path]:
    """Files of the words, folders opened, each once."""
    found: list[Path] = []
    for word in words:
        path = Path(word)
        if path.is_dir():
            from smug.datasets.images import SUFFIXES

            inside = sorted(
                file
                for file in path.iterdir()
                if file.suffix.lower() in SUFFIXES and file.is_file() and not is_output(file)
            )
            if not inside:
                raise SmugError(f"no image in {path}; known endings: {', '.join(sorted(SUFFIXES))}")
            found += inside
        else:
            found.append(path)
    if len(found) == 1 and not found[0].is_file():
        raise SmugError(f"no image at {found[0]}; check its name")
    return list(dict.fromkeys(found))


def _fed(preprocess: Preprocessing) -> str:
    """Input that a network gets of a pixel, its numbers in the order red, green, blue."""
    mean, scale, order = preprocess.mean, preprocess.scale, ""
    if preprocess.channel_order == "bgr":
        mean, scale, order = mean[::-1], scale[::-1], ", blue first"
    return f"(pixel - {_short(mean)}) / {_short(scale)}{order}"


def _short(values: Sequence[float]) -> str:
    return f"{values[0]:g}" if len(set(values)) == 1 else str(tuple(values))


class _Job:
    """One network and some methods, for many images.

    Parameters
    ----------
    network : Network
    settings : dict of str to dict
        Of each method.
    target : int, optional
    detail : str
    left_out : bool
        Whether a method that does not suit the model or the image is left out, and no failure.
    """

    def __init__(
        self,
        network: Network,
        settings: dict[str, dict[str, Any]],
        target: int | None,
        detail: str,
        *,
        left_out: bool,
    ) -> None:
        self.network, self.settings = network, settings
        self.target, self.detail = target, detail
        self.left_out = left_out
        self.several = False

    def run(self, images: Sequence[Path], planned: Sequence[Outputs], table: Path | None) -> int:
        """Explain all; one bad image does not stop the rest."""
        from tqdm import tqdm

        from smug.models.rewire import FAILURES

        rows: list[dict[str, Any]] = []
        self.several = several = table is not None
        # Without a terminal, or for a single image, there is nothing to watch.
        bar = tqdm(
            list(zip(images, planned, strict=True)), unit="image", disable=None if several else True
        )
        for path, outputs in bar:
            try:
                rows += self._one(path, outputs, bar.write if several else print)
            except FAILURES as error:
                if not several:
                    raise SmugError(_one_line(path, error)) from error
                bar.write(f"smug: {_one_line(path, error)}", file=sys.stderr)
                rows.append({"image": str(path), "error": _one_line(path, error)})
        if table is not None:
            _write_table(table, rows)
            print(f"written: {table}")
        return int(any(row.get("error") and not row.get("left_out") for row in rows))

    def _one(self, path: Path, outputs: Outputs, say: Any) -> list[dict[str, Any]]:
        from smug.datasets.images import read_image, resize
        from smug.drawing import save_figure
        from smug.explanation import side_by_side
        from smug.models.rewire import FAILURES

        network = self.network
        pixels = resize(read_image(path, upright=True), network.preprocess.size)
        made: list[Explanation] = []
        rows: list[dict[str, Any]] = []
        written: list[Path] = []
        for method in outputs.methods:
            row: dict[str, Any] = {"image": str(path), "method": method}
            rows.append(row)
            try:
                explanation = self._explain(path, pixels, method)
            except FAILURES as error:
                row |= {"error": _one_line(path, error), "left_out": self.left_out}
                if len(outputs.methods) == 1:
                    raise
                say(f"{method}: {'left out: ' if self.left_out else ''}{_one_line(path, error)}")
                continue
            if not made:
                name, score = explanation.class_name(0), float(explanation.score[0])
                say(f"{path if self.several else 'prediction'}: {name} ({score:.3f})")
            made.append(explanation)
            row |= _said(explanation)
            if explanation.mask is not None:
                say(f"{method}: {_about_mask(row)}")
            written += explanation.save(outputs.arrays(method), overwrite=True)
            row["arrays"] = str(outputs.arrays(method))
        if not made:
            raise SmugError("no method could explain it")
        save_figure(made[0].plot() if len(made) == 1 else side_by_side(made), outputs.shown)
        for row in rows:
            row["picture"] = str(outputs.shown)
        say(f"written: {', '.join(map(str, [outputs.shown, *written]))}")
        return rows

    def _explain(self, path: Path, pixels: Any, method: str) -> Explanation:
        from smug import explain

        network, settings = self.network, self.settings[method]
        made = explain(
            network.model,
            network.preprocess(pixels),
            self.target,
            method,
            class_names=network.class_names,
            detail=self.detail,
            **settings,
        )
        preprocess = network.preprocess
        source = {"file": str(path), "file_sha256": sha256(path), "size": preprocess.size}
        source |= {"mean": preprocess.mean, "scale": preprocess.scale, "reason": network.reason}
        record = made.record | {
            "model": made.record["model"] | network.source,
            "input": made.record["input"] | source,
        }
        from smug.io import plain

        return replace(made, record=plain(record))


def _said(made: Explanation) -> dict[str, Any]:
    """Row of the table over all images."""
    row: dict[str, Any] = {
        "class": int(made.target[0]),
        "name": made.class_name(0),
        "score": float(made.score[0]),
    }
    if made.mask is not None:
        row["kept"] = float(made.mask[0].mean())
    return row | {name: value[0].item() for name, value in made.solver.items() if value.ndim == 1}


def _about_mask(row: dict[str, Any]) -> str:
    said = f"keeps {row['kept']:.1%} of the image"
    if "status" in row:
        said += (
            f", {row['objective']:.0f} windows (proven at least {row['bound']:.0f}), "
            f"{row['status']}, {row['seconds']:.2f} s"
        )
    if "kept_score" in row:
        said += (
            f"; the network's score is {row['kept_score']:.3f} on it alone, "
            f"{row['removed_score']:.3f} without it"
        )
    return said


def _one_line(path: Path, error: BaseException) -> str:
    said = " ".join(str(error).split()) or type(error).__name__
    return said if str(path) in said else f"{path}: {said}"


def _write_table(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    first = ["image", "method", "class", "name", "score", "kept"]
    last = ["picture", "arrays", "error"]
    found = dict.fromkeys(name for row in rows for name in row)
    middle = [name for name in found if name not in (*first, *last, "left_out")]
    with (
        atomic(path) as temporary,
        open(temporary, "w", encoding="utf-8", errors="backslashreplace", newline="") as file,
    ):
        table = csv.DictWriter(file, [*first, *middle, *last], extrasaction="ignore")
        table.writeheader()
        table.writerows(rows)
