"""``smug init``: a configuration for data and a network of the user's own, guessed from them."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smug.datasets.own.sources import ARRAYS, NETWORKS, count_inputs, is_function
from smug.errors import SmugError
from smug.threads import choose_backend

if TYPE_CHECKING:
    import keras

#: File that is written, and the endings of tables among the data.
NAME = "smug.yaml"
_TABLES = (".csv", ".tsv", ".parquet", ".jsonl")
#: Column by which a table of texts is known, and files of vocabularies.
TEXT, _VOCABULARIES = "text", ("vocabulary.txt", "vocabulary.json")
#: Inputs explained at first, and those of one job.
_EXPLAINED, _SHARD = 20, {"images": 5}


@dataclass
class Guess:
    """Settings of one section that were guessed: value and reason of each."""

    values: dict[str, tuple[Any, str]] = field(default_factory=dict)

    def __setitem__(self, key: str, value: tuple[Any, str]) -> None:
        self.values[key] = value

    def __getitem__(self, key: str) -> Any:
        return self.values[key][0]


def init(options: argparse.Namespace) -> None:
    """Write the configuration, and print what was guessed and how to run it.

    Raises
    ------
    SmugError
        No data or no network in the folder, several of them, or data that the network does not
        take.
    """
    from smug.cli.startup import load_keras
    from smug.io import atomic, check_new
    from smug.jobs.own import check_name

    folder = Path(options.folder)
    if not folder.is_dir():
        raise SmugError(f"no folder {folder}; give the folder of your data and network")
    name = options.name or _name_of(folder)
    check_name(name)
    target = folder / NAME
    check_new([target], overwrite=options.overwrite, how="--overwrite replaces it")
    file = options.model or _network_in(folder)
    root = Path(options.inputs) if options.inputs else _inputs_in(folder)
    choose_backend(file)
    load_keras(options.threads)
    from smug.models.modules.channels import channels_last
    from smug.models.own import read_own

    model = read_own(file)
    kind = options.kind or kind_of(root, tuple(model.inputs[0].shape[1:]))
    model = channels_last(model, axes=3 if kind == "images" else 2)
    sections = guessed(kind, root, file, model)
    text = "\n".join(_yaml(name, sections)) + "\n"
    with atomic(target) as whole:
        whole.write_text(text, "utf-8")
    for section, guess in sections.items():
        for key, (value, why) in guess.values.items():
            print(f"{section}.{key} = {_plain(value)}  ({why})")
    print(f"\nWritten to {target}: read it, change what is wrong. Then, in the repository:")
    print(f"  snakemake --cores 2 --config override={_override(target.resolve())}")
    print(f"Results will stand in results/{name}/; add --dry-run to see the steps first.")


def kind_of(root: Path, shape: tuple[int, ...]) -> str:
    """Kind of the inputs, as their files and the shape of the network's input say.

    Parameters
    ----------
    root : pathlib.Path
        Folder or file of the inputs.
    shape : tuple of int
        Of one input of the network.
    """
    if root.is_dir():
        return "images"
    if root.suffix.lower() in ARRAYS:
        return "series"
    from smug.datasets.own.images import PATH
    from smug.datasets.own.tables import head_of

    columns = head_of(root).columns
    if PATH in columns:
        return "images"
    if TEXT in columns:
        return "texts"
    return "series" if len(shape) == 2 else "table"


def guessed(kind: str, root: Path, file: str, model: keras.Model) -> dict[str, Guess]:
    """Settings of a dataset's sections, with the reason for each.

    Raises
    ------
    SmugError
        The inputs do not fit the network, or their first layer cannot be explained.
    """
    from smug.datasets.beer.reviews import is_generated
    from smug.models.first_layer import find_first_layer

    dataset, network = Guess(), Guess()
    shape, outputs = tuple(model.inputs[0].shape[1:]), int(model.outputs[0].shape[-1])
    dataset["kind"] = kind, f"{root.name}, and inputs of shape {shape}"
    dataset["root"] = str(root.resolve()), "the data found"
    if is_generated(root if root.is_dir() else root.parent):
        dataset["source"] = "generated", "the folder's own GENERATED.json says so"
    source = file if is_function(file) else str(Path(file).resolve())
    network["file"] = source, f"{model.count_params()} weights, {outputs} classes"
    if kind == "images":
        colour = shape[2:] == (3,)
        dataset["colour"] = colour, f"the network takes inputs of shape {shape}"
        _of_pixels(model, network)
    if kind == "texts":
        _of_words(Path(file).parent if not is_function(file) else root.parent, network)
    _check_inputs(kind, root, shape, outputs)
    there = count_inputs({"kind": kind, "root": str(root), "label": None})
    explained = min(_EXPLAINED, there or _EXPLAINED)
    why = "as many as there are" if explained == there else "enough for a first look"
    dataset["explained"] = explained, why
    shard = _SHARD.get(kind, _EXPLAINED)
    dataset["shard_size"] = min(shard, explained), "inputs that one job works on"
    layer = find_first_layer(model).linear
    found = {"dataset": dataset, "model": network}
    return found | _of_layer(kind, layer.kind, layer.size, tuple(layer.spatial), shape)


def _of_pixels(model: keras.Model, network: Guess) -> None:
    from smug.models.own import of_images

    try:
        of_images(model, "auto")
    except SmugError as error:
        if "model.preprocessing" not in str(error):
            raise
        network["preprocessing"] = "unit", f"a guess, please check: {error}"
    else:
        network["preprocessing"] = "auto", "the network's own layers say which numbers it takes"


def _of_words(folder: Path, network: Guess) -> None:
    found = [folder / name for name in _VOCABULARIES if (folder / name).is_file()]
    if not found:
        raise SmugError(
            f"{folder} holds no list of words ({' or '.join(_VOCABULARIES)}); write the network's "
            "vocabulary there, one word a line from id 0 on"
        )
    network["vocabulary"] = str(found[0].resolve()), "the network's words by their ids"
    network["padding"] = "end", "a guess, please check: front for Keras's pad_sequences"


def _of_layer(
    kind: str, layer: str, nodes: int, spatial: tuple[int, ...], shape: tuple[int, ...]
) -> dict[str, Guess]:
    """Settings of the mask problem and its sweeps, from the size of the first layer."""
    method, attribution, grid, timing = Guess(), Guess(), Guess(), Guess()
    share = 2 if layer == "dense" else 10
    k = max(1, min(3000, nodes // share))
    method["top_k"] = k, f"a share of the first layer's {nodes} nodes ({layer})"
    # The paper's window of 4 pixels on large images, finer ones on small.
    side = {"images": min(4, max(1, round(spatial[0] / 16))), "series": max(1, spatial[0] // 50)}
    window = side.get(kind, 1)
    method["window"] = window, f"for {' x '.join(map(str, spatial))} positions"
    grid["top_k"] = sorted({max(1, k // 3), k}), "the value above, and fewer"
    grid["windows"] = sorted({window, 2 * window}), "the value above, and coarser"
    timing["top_k"] = grid["top_k"], "as above"
    timing["windows"] = [window], "as above"
    values = math.prod(shape)
    batch = 10 if values > 20_000 else 50 if values > 500 else 200
    attribution["batch_size"] = batch, f"{values} numbers an input"
    return {"method": method, "attribution": attribution, "grid": grid, "timing": timing}


def _check_inputs(kind: str, root: Path, shape: tuple[int, ...], outputs: int) -> None:
    """Refuse inputs that the network does not take, and classes that are not its own."""
    from smug.datasets.own import images, rows, texts
    from smug.datasets.own.classes import class_indices

    if kind == "images":
        labels = images.list_images(root, None).labels
    elif kind == "texts":
        labels = texts.read_texts(root, text=TEXT).labels
    else:
        read = rows.read_series(root) if kind == "series" else rows.read_rows(root)
        rows.shaped(read, shape, root)
        labels = read.labels
    class_indices(labels, (), outputs)


def _network_in(folder: Path) -> str:
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in NETWORKS)
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or f"none of {', '.join(NETWORKS)}"
        raise SmugError(
            f"{folder} holds {len(found)} files of networks ({names}); name yours: --model FILE"
        )
    return str(found[0])


def _inputs_in(folder: Path) -> Path:
    """File of a table or of arrays in a folder, else the folder of its images."""
    data = (*_TABLES, *ARRAYS)
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in data)
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise SmugError(f"{folder} holds several files of data ({names}); name one: --inputs FILE")
    if found:
        return found[0]
    while True:
        inside = [path for path in folder.iterdir() if path.is_dir()]
        if len(inside) != 1 or not any(path.is_dir() for path in inside[0].iterdir()):
            break
        folder = inside[0]
    return inside[0] if len(inside) == 1 and not _has_images(folder) else folder


def _has_images(folder: Path) -> bool:
    from smug.datasets.images import SUFFIXES

    return any(path.suffix.lower() in SUFFIXES for path in folder.iterdir())


def _name_of(folder: Path) -> str:
    """The folder's name in small letters, digits and _."""
    name = re.sub(r"[^a-z0-9]+", "_", folder.resolve().name.lower()).strip("_")
    return name if name[:1].isalpha() else f"mine_{name}".strip("_")


def _yaml(name: str, sections: dict[str, Guess]) -> Iterator[str]:
    """Lines of the configuration, a reason behind each value."""
    yield "# Written by `smug init`: overrides for the workflow, the reason for each behind it."
    yield f"# Run with: snakemake --cores 2 --config override='settings=<this file>'; {_MORE}"
    yield "all:"
    yield "  workflow:"
    yield f"    run: {name} # results go to results/{name}/"
    yield f"    datasets: [{name}] # this one alone"
    yield f"{name}:"
    for section, guess in sections.items():
        yield f"  {section}:"
        for key, (value, why) in guess.values.items():
            yield f"    {key}: {_plain(value)} # {' '.join(why.split())}"


_MORE = "every key is explained in docs/configuration.md"


def _override(path: Path) -> str:
    """Override that reads a file of settings, as a shell takes it."""
    return f"\"settings='{path}'\"" if " " in str(path) else f"'settings={path}'"


def _plain(value: Any) -> str:
    """A value as YAML writes it."""
    import yaml

    text = yaml.safe_dump(value, default_flow_style=True, width=10_000, allow_unicode=True)
    return text.removesuffix("\n").removesuffix("\n...").strip()
