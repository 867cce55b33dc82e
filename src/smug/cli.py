"""The command ``smug``: explain one image or one text, list the methods, check results."""

from __future__ import annotations

import argparse
import sys
import types
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

from smug import __version__
from smug.errors import SmugError, unknown_name
from smug.jobs.run import configure_threads

if TYPE_CHECKING:
    import keras

    from smug.models.preprocessing import Preprocessing

#: Where the demo run leaves the network that reads reviews.
TEXT_MODEL = "results/demo/train_text_cnn/model.keras"

#: How each type is named to a user; others cannot be typed.
_NAMES = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "a text",
    types.NoneType: "null",
    list: "a list of numbers",
}


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; errors a user can act on end it with one line and exit code 1."""
    options = _parser().parse_args(arguments)
    try:
        configure_threads(options.threads)
        options.run(options)
    except SmugError as error:
        sys.exit(f"smug: {error}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("smug", description="Explain a prediction of a Keras model.")
    parser.add_argument("--version", action="version", version=f"smug {__version__}")
    commands = parser.add_subparsers(required=True)

    check = commands.add_parser("check", help="hold the results of a run against their records")
    check.add_argument("folder", type=Path, help="folder of a run, such as results/demo")
    check.set_defaults(run=check_run, threads=1)

    methods = commands.add_parser("methods", help="list the methods and their settings")
    methods.set_defaults(run=list_methods, threads=1)

    explain = commands.add_parser("explain", help="explain one image or one text")
    explain.add_argument("image", type=Path, nargs="?", help="any image file that Pillow reads")
    explain.add_argument("--text", help="explain this text instead of an image")
    explain.add_argument(
        "--model",
        help="a .keras file; default for images: efficientnet_lite0 (ImageNet weights of its "
        f"package), for texts: {TEXT_MODEL}",
    )
    explain.add_argument("--method", default="smug", help="see: smug methods")
    explain.add_argument("--target", type=int, help="class to explain (default: the predicted one)")
    explain.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a setting of the method, for example --set top_k=1000; repeatable",
    )
    explain.add_argument("--mean", type=float, help="pixel value that the model gets as 0")
    explain.add_argument("--scale", type=float, help="pixel values per unit of the model's input")
    explain.add_argument(
        "--output", type=Path, help="default: IMAGE's name with .smug.png, or text.smug.html"
    )
    explain.add_argument("--threads", type=int, default=2, help="CPU threads (default: 2)")
    explain.set_defaults(run=explain_one)
    return parser


def list_methods(options: argparse.Namespace) -> None:
    """Print every method: what it does, needs and answers, its settings and their defaults."""
    from smug.methods import METHODS, method_settings

    for name, method in METHODS.items():
        print(f"{name}: {method.about}")
        print(f"    needs {', '.join(method.needs) or 'nothing but outputs'}")
        print(f"    answers {'values and a mask' if method.mask else 'values'}")
        for key, setting in method_settings(name).items():
            print(f"    {key}={setting.default}")


def check_run(options: argparse.Namespace) -> None:
    """Print what differs from its record, and leave with exit code 1 if anything does."""
    from smug.jobs.check import check_results

    found = check_results(options.folder)
    print(*found.lines(), sep="\n")
    if found.wrong:
        sys.exit(1)


def explain_one(options: argparse.Namespace) -> None:
    """Explain the image or the text given."""
    if (options.image is None) == (options.text is None):
        raise SmugError(
            "smug explain needs one of IMAGE and --text; for example --text 'nice head'"
        )
    (explain_image if options.text is None else explain_typed_text)(options)


def explain_typed_text(options: argparse.Namespace) -> None:
    """Explain one text: write a page and the arrays, print what was found."""
    # An unknown method or setting is said before the model is read.
    settings = read_settings(options.method, options.set)
    from smug.figures.text_html import render
    from smug.io import atomic
    from smug.reviews.explain_text import TextModel, explain_text

    model = TextModel.load(options.model or TEXT_MODEL)
    found = explain_text(
        model, options.text, target=options.target, method=options.method, settings=settings
    )
    about = f" by a network trained on: {model.dataset}" if model.dataset else ""
    print(f"prediction: {found.shown.prediction:.3f}{about}")
    for name, note in found.shown.notes.items():
        scores = found.shown.saliency[name]
        chosen = [word for word, score in zip(found.shown.words, scores, strict=True) if score]
        print(f"{name}: {note}: {' '.join(chosen)}")
    mask = found.explanation.mask
    if options.method == "smug" and mask is not None and not mask.any():
        gamma = found.explanation.settings["gamma"]
        print(f"the biases alone meet gamma={gamma:g}: no word is needed; try --set gamma=0.5")
    page = options.output or Path("text.smug.html")
    with atomic(page) as temporary:
        temporary.write_text(
            render([found.shown], title=f"Text explained{about}", generated=False), "utf-8"
        )
    arrays, record = found.explanation.save(page.with_suffix(".npz"))
    print(f"written: {page}, {arrays}, {record}")


def explain_image(options: argparse.Namespace) -> None:
    """Explain one image: write a picture and the arrays, print what was found."""
    from smug.datasets.images import read_image, resize

    image = read_image(options.image)
    from smug import explain
    from smug.drawing import save_figure

    # An unknown method or setting is said before the model is read.
    settings = read_settings(options.method, options.set)
    model, preprocess, names = _load(options)
    height, width = (int(side) for side in model.inputs[0].shape[1:3])
    x = preprocess(resize(image, (height, width)))
    made = explain(model, x, options.target, options.method, **settings)
    target, score = int(made.target[0]), float(made.score[0])
    name = names[target] if names and target < len(names) else f"class {target}"
    print(f"prediction: {name} ({score:.3f})")
    if made.mask is not None:
        solver = {key: value[0] for key, value in made.solver.items()}
        print(
            f"mask: {made.mask[0].mean():.1%} of the image, {solver['objective']:.0f} windows "
            f"(proven at least {solver['bound']:.0f}), {solver['status']}, "
            f"{solver['seconds']:.2f} s"
        )
    picture = options.output or options.image.with_name(f"{options.image.stem}.smug.png")
    save_figure(made.plot(), picture)
    arrays, about = made.save(picture.with_suffix(".npz"))
    print(f"written: {picture}, {arrays}, {about}")


def _load(
    options: argparse.Namespace,
) -> tuple[keras.Model, Preprocessing, Sequence[str] | None]:
    """The model, the function from uint8 pixels to its input, and its class names if known."""
    from smug.models.networks import efficientnet_lite0
    from smug.models.preprocessing import Preprocessing
    from smug.models.registry import load_model
    from smug.models.rewire import leaves

    if options.model in (None, "efficientnet_lite0"):
        from smug.datasets.imagenet import class_names
        from smug.models.fold import fold_batch_norm

        network = fold_batch_norm(efficientnet_lite0.import_weights())
        return network, efficientnet_lite0.PREPROCESSING, class_names()
    model = load_model(options.model)
    shape = tuple(model.inputs[0].shape[1:])
    if len(shape) != 3 or shape[-1] != 3 or None in shape:
        raise SmugError(
            f"{options.model} takes inputs of shape {shape}, smug explain feeds images "
            "(height, width, 3); use smug.explain in Python for others"
        )
    scales = any(
        layer.__class__.__name__ in ("Rescaling", "Normalization") for layer in leaves(model)
    )
    mean = 0.0 if options.mean is None else options.mean
    scale = options.scale or (1.0 if scales else 255.0)
    return model, Preprocessing(shape[:2], (mean,) * 3, (scale,) * 3), None


def read_settings(method: str, words: Iterable[str]) -> dict[str, Any]:
    """Read ``KEY=VALUE`` words.

    Raises
    ------
    SmugError
        Unknown method or setting, or a value of another type than the setting's.
    """
    from smug.methods import method_settings

    known = method_settings(method)
    settings = {}
    for word in words:
        key, equals, text = word.partition("=")
        if not equals:
            raise SmugError(f"--set {word!r} is not KEY=VALUE; for example --set top_k=1000")
        if key not in known:
            raise unknown_name(f"setting of method {method!r}", key, known)
        try:
            settings[key] = _read(text, known[key].kinds)
        except ValueError:
            wanted = " or ".join(_NAMES[kind] for kind in known[key].kinds)
            raise SmugError(
                f"--set {word} is not {wanted}; the default is {known[key].default}"
            ) from None
    return settings


def _read(text: str, kinds: tuple[type, ...]) -> Any:
    """Read a value as one of the types; ValueError if it is none of them."""
    value = _plain(text)
    if type(value) is list and list in kinds:
        return tuple(np.array(value, float).tolist())
    if type(value) in kinds:
        return value
    if type(value) is int and float in kinds:
        return float(value)
    if str in kinds:
        return text
    raise ValueError(text)


def _plain(text: str) -> Any:
    # YAML 1.1 reads 1e-4 as a text.
    for number in (int, float):
        with suppress(ValueError):
            return number(text)
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text


if __name__ == "__main__":
    main()
