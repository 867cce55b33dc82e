"""``smug explain --text``: a page, arrays and a record."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from smug.cli.defaults import TEXT_MODEL
from smug.cli.methods import chosen_methods, read_settings
from smug.cli.outputs import PAGES, check_options, plan
from smug.cli.startup import load_keras
from smug.errors import SmugError
from smug.io import atomic, sha256


def explain_typed_text(options: argparse.Namespace) -> int:
    """Explain one text: write a page and the arrays, print what was found."""
    for name in ("mean", "scale", "labels"):
        if getattr(options, name) is not None:
            raise SmugError(f"--{name} is for images; leave it out for a text")
    settings = read_settings(chosen_methods(options.method), options.set)
    check_options(options, PAGES, several=False)
    (outputs,) = plan([Path("text")], list(settings), options, PAGES[0])
    file = Path(options.model or TEXT_MODEL)
    if not file.is_file():
        raise SmugError(
            f"no text model {file}; the rule train_text_cnn makes it: "
            f"snakemake --cores 2 {TEXT_MODEL}"
        )
    load_keras(options.threads)
    from smug.figures.text_html import render
    from smug.reviews.explain_text import TextModel, explain_text

    model = TextModel.load(file)
    # What a masked word becomes is the same in the sufficient sets as in the methods.
    given = [one["replacement"] for one in settings.values() if "replacement" in one]
    found = explain_text(
        model,
        options.text,
        target=options.target,
        methods=settings,
        replacement=given[0] if given else "zero",
    )
    about = f" by a network trained on: {model.dataset}" if model.dataset else ""
    print(f"prediction: {found.shown.prediction:.3f}{about}")
    for name, note in found.shown.notes.items():
        scores = found.shown.saliency[name]
        chosen = [word for word, score in zip(found.shown.words, scores, strict=True) if score]
        print(f"{name}: {note}{': ' if note else ''}{' '.join(chosen)}")
    left_out = options.method == ["all"]
    for name, reason in found.failed.items():
        print(f"{name}: {'left out: ' if left_out else ''}{reason}")
    smug = found.explanations.get("smug")
    if smug is not None and smug.mask is not None and not smug.mask.any():
        gamma = smug.settings["gamma"]
        print(f"the biases alone meet gamma={gamma:g}: no word is needed; try --set gamma=0.5")
    with atomic(outputs.shown) as temporary:
        temporary.write_text(
            render([found.shown], title=f"Text explained{about}", generated=False), "utf-8"
        )
    written = [outputs.shown]
    source = {"file": str(file), "file_sha256": sha256(file)}
    for name, made in found.explanations.items():
        record = made.record | {
            "model": made.record["model"] | source,
            "input": made.record["input"] | {"text": options.text},
        }
        saved = replace(made, record=record).save(outputs.arrays(name), overwrite=True)
        written += saved
    print(f"written: {', '.join(map(str, written))}")
    return int(bool(found.failed) and not left_out)
