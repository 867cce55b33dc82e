"""``smug init``: a configuration for data and a network of the user's own, guessed from them."""

from __future__ import annotations

import argparse
import difflib
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smug.cli.defaults import IMAGE_MODEL, IMAGE_MODELS
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
#: Side of a patch in pixels, as conf/comparison/images.yaml has it for small images.
_PATCH = 4

#: Guessed settings by their keys: value and reason of each. A section's own name chooses its file.
Guesses = dict[str, tuple[Any, str]]


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
    root = Path(options.inputs) if options.inputs else _inputs_in(folder)
    file = options.model or _network_in(folder, root, options.kind)
    choose_backend(file)
    load_keras(options.threads)
    from smug.models.modules.channels import channels_last

    model = _read(file)
    kind = options.kind or kind_of(root, tuple(model.inputs[0].shape[1:]))
    if file in IMAGE_MODELS and kind != "images":
        raise SmugError(f"{file} explains images, and {root} holds {kind}; --model names another")
    model = channels_last(model, axes=3 if kind == "images" else 2)
    guesses = guessed(kind, root, file, model)
    text = "\n".join(_yaml(name, guesses)) + "\n"
    with atomic(target) as whole:
        whole.write_text(text, "utf-8")
    for key, (value, why) in guesses.items():
        print(f"{key} = {_plain(value)}  ({why})")
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


def guessed(kind: str, root: Path, file: str, model: keras.Model) -> Guesses:
    """Settings of a dataset, with the reason for each, section by section.

    Parameters
    ----------
    kind : str
        Of the inputs.
    root : pathlib.Path
        Folder or file of the inputs.
    file : str
        The network: a file, a function, or one of :data:`smug.cli.defaults.IMAGE_MODELS`.
    model : keras.Model
        The network itself, channels last.

    Raises
    ------
    SmugError
        The inputs do not fit the network, or their first layer cannot be explained.
    """
    from smug.datasets.beer.reviews import is_generated
    from smug.models.first_layer import find_first_layer

    found: Guesses = {}
    shape, outputs = tuple(model.inputs[0].shape[1:]), int(model.outputs[0].shape[-1])
    found["dataset.kind"] = kind, f"{root.name}, and inputs of shape {shape}"
    found["dataset.root"] = str(root.resolve()), "the data found"
    if is_generated(root if root.is_dir() else root.parent):
        found["dataset.source"] = "generated", "the folder's own GENERATED.json says so"
    if kind == "images":
        found["dataset.colour"] = shape[2:] == (3,), f"the network takes inputs of shape {shape}"
    network = _of_network(kind, root, file, model)
    labels = _labels(kind, root, shape)
    if file in IMAGE_MODELS:
        found["dataset.selection"] = "all", _of_imagenet(labels)
    else:
        from smug.datasets.own.classes import class_indices

        class_indices(labels, (), outputs)
    there = count_inputs({"kind": kind, "root": str(root), "label": None})
    explained = min(_EXPLAINED, there or _EXPLAINED)
    why = "as many as there are" if explained == there else "enough for a first look"
    found["dataset.explained"] = explained, why
    shard = _SHARD.get(kind, _EXPLAINED)
    found["dataset.shard_size"] = min(shard, explained), "inputs that one job works on"
    layer = find_first_layer(model).linear
    found |= network | _of_layer(kind, layer.kind, layer.size, tuple(layer.spatial), shape)
    return found | _of_large(shape) if kind == "images" else found


def _of_network(kind: str, root: Path, file: str, model: keras.Model) -> Guesses:
    """The network and what it is fed."""
    size = f"{model.count_params()} weights, {model.outputs[0].shape[-1]} classes"
    if file in IMAGE_MODELS:
        others = " or ".join(name for name in IMAGE_MODELS if name != file)
        why = f"comes trained on ImageNet, {size}; or {others}, or model.file=<your network>"
        return {"model": (file, why)}
    source = file if is_function(file) else str(Path(file).resolve())
    network: Guesses = {"model.file": (source, size)}
    if kind == "images":
        network["model.preprocessing"] = _pixels_of(model)
    if kind == "texts":
        network |= _of_words(Path(file).parent if not is_function(file) else root.parent)
    return network


def _pixels_of(model: keras.Model) -> tuple[str, str]:
    from smug.models.own import of_images

    try:
        of_images(model, "auto")
    except SmugError as error:
        if "model.preprocessing" not in str(error):
            raise
        return "unit", f"a guess, please check: {error}"
    return "auto", "the network's own layers say which numbers it takes"


def _of_words(folder: Path) -> Guesses:
    found = [folder / name for name in _VOCABULARIES if (folder / name).is_file()]
    if not found:
        raise SmugError(
            f"{folder} holds no list of words ({' or '.join(_VOCABULARIES)}); write the network's "
            "vocabulary there, one word a line from id 0 on"
        )
    return {
        "model.vocabulary": (str(found[0].resolve()), "the network's words by their ids"),
        "model.padding": ("end", "a guess, please check: front for Keras's pad_sequences"),
    }


def _of_imagenet(labels: Sequence[Any] | None) -> str:
    """Reason that names the labels of ImageNet, the others, and what these may mean."""
    from smug.datasets.imagenet import class_names
    from smug.datasets.own.classes import known_labels, listed

    if labels is None:
        return "no labels; the predicted class is explained"
    names = class_names()
    written = sorted({str(label) for label in labels if label is not None})
    known = known_labels(written, names) or []
    unknown = [name for name in written if name not in known]
    near = {name: difflib.get_close_matches(name, names, n=1, cutoff=0.8) for name in unknown}
    meant = [f"{name} ({near[name][0]}?)" if near[name] else name for name in unknown]
    said = [
        f"{what}: {listed(some)}"
        for what, some in (
            ("classes of ImageNet", [name for name in known if name is not None]),
            ("not of ImageNet, and count as no label", meant),
        )
        if some
    ]
    return f"{'; '.join(said)}; correct needs labels that are"


def _of_layer(
    kind: str, layer: str, nodes: int, spatial: tuple[int, ...], shape: tuple[int, ...]
) -> Guesses:
    """Settings of the mask problem and its sweeps, from the size of the first layer."""
    share = 2 if layer == "dense" else 10
    k = max(1, min(3000, nodes // share))
    # The paper's window of 4 pixels on large images, finer ones on small.
    side = {"images": min(4, max(1, round(spatial[0] / 16))), "series": max(1, spatial[0] // 50)}
    window = side.get(kind, 1)
    fewer = sorted({max(1, k // 3), k})
    values = math.prod(shape)
    batch = 10 if values > 20_000 else 50 if values > 500 else 200
    return {
        "method.top_k": (k, f"a share of the first layer's {nodes} nodes ({layer})"),
        "method.window": (window, f"for {' x '.join(map(str, spatial))} positions"),
        "attribution.batch_size": (batch, f"{values} numbers an input"),
        "grid.top_k": (fewer, "the value above, and fewer"),
        "grid.windows": (sorted({window, 2 * window}), "the value above, and coarser"),
        "timing.top_k": (fewer, "as above"),
        "timing.windows": ([window], "as above"),
    }


def _of_large(shape: tuple[int, ...]) -> Guesses:
    """Settings whose usual values are for small images: on large ones they take long."""
    patch = min(shape[:2]) // 8
    if patch <= _PATCH:
        return {}
    return {
        "comparison.patch": (patch, "64 patches an image; each is asked for"),
        "sanity.levels": (3, "blocks of layers; every map is made anew for each"),
    }


def _labels(kind: str, root: Path, shape: tuple[int, ...]) -> Sequence[Any] | None:
    """Labels of inputs, each as it is written; refuses those that the network does not take."""
    from smug.datasets.own import images, rows, texts

    if kind == "images":
        return images.list_images(root, None).labels
    if kind == "texts":
        return texts.read_texts(root, text=TEXT).labels
    read = rows.read_series(root) if kind == "series" else rows.read_rows(root)
    rows.shaped(read, shape, root)
    return read.labels


def _read(file: str) -> keras.Model:
    """The network: one that installed packages ship, a file, or what a function returns."""
    from smug.cli.network import load_network
    from smug.models.own import read_own

    return load_network(file, None, None).model if file in IMAGE_MODELS else read_own(file)


def _network_in(folder: Path, root: Path, kind: str | None) -> str:
    """File of the only network in a folder; photographs need none."""
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in NETWORKS)
    if not found and kind in (None, "images") and _shows_images(root):
        return IMAGE_MODEL
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


def _shows_images(root: Path) -> bool:
    """True for a folder with images in it, or in its folders, and for a table of their paths."""
    if not root.is_dir():
        return kind_of(root, ()) == "images"
    return any(map(_has_images, (root, *(path for path in root.rglob("*") if path.is_dir()))))


def _has_images(folder: Path) -> bool:
    from smug.datasets.images import SUFFIXES

    return any(path.suffix.lower() in SUFFIXES for path in folder.iterdir())


def _name_of(folder: Path) -> str:
    """The folder's name in small letters, digits and _."""
    name = re.sub(r"[^a-z0-9]+", "_", folder.resolve().name.lower()).strip("_")
    return name if name[:1].isalpha() else f"mine_{name}".strip("_")


def _yaml(name: str, guesses: Guesses) -> Iterator[str]:
    """Lines of the configuration, a reason behind each value."""
    yield "# Written by `smug init`: overrides for the workflow, the reason for each behind it."
    yield f"# Run with: snakemake --cores 2 --config override='settings=<this file>'; {_MORE}"
    yield "all:"
    yield "  workflow:"
    yield f"    run: {name} # results go to results/{name}/"
    yield f"    datasets: [{name}] # this one alone"
    yield f"{name}:"
    begun = None
    for key, (value, why) in guesses.items():
        section, dot, setting = key.partition(".")
        if dot and section != begun:
            yield f"  {section}:"
        begun = section
        line = f"{setting or section}: {_plain(value)} # {' '.join(why.split())}"
        yield f"{'    ' if dot else '  '}{line}"


_MORE = "every key is explained in docs/configuration.md"


def _override(path: Path) -> str:
    """Override that reads a file of settings, as a shell takes it."""
    return f"\"settings='{path}'\"" if " " in str(path) else f"'settings={path}'"


def _plain(value: Any) -> str:
    """A value as YAML writes it."""
    import yaml

    text = yaml.safe_dump(value, default_flow_style=True, width=10_000, allow_unicode=True)
    return text.removesuffix("\n").removesuffix("\n...").strip()
