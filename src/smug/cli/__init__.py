"""The command ``smug``: explain images and texts, list the methods, check results."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any

from smug import __version__
from smug.cli.defaults import IMAGE_MODEL, IMAGE_MODELS, TEXT_MODEL
from smug.errors import SmugError
from smug.jobs.groups import KINDS


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; errors a user can act on end it with one line and exit code 1.

    So do a full disk and a file that must not be written; a reader who has seen enough, as in
    ``smug methods | head``, ends it without a word.
    """
    for stream in (sys.stdout, sys.stderr):
        # A file's name may hold bytes that the terminal's encoding does not know.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        try:
            code = _run(arguments)
        finally:
            # The help, too; there is no stdout where whoever started the command closed it.
            if sys.stdout is not None:
                sys.stdout.flush()
    except SmugError as error:
        sys.exit(f"smug: {' '.join(str(error).split())}")
    except OSError as error:
        # Python's own flush at exit must not fail again; a stream in memory has no number.
        with suppress(OSError, AttributeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        # Whoever read the output of a broken pipe has seen enough.
        sys.exit(1 if isinstance(error, BrokenPipeError) else f"smug: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
    if code:
        sys.exit(code)


def _run(arguments: list[str] | None) -> int:
    options = _parser().parse_args(arguments)
    # What a command needs is imported once it is chosen: help and mistakes answer at once.
    module, _, name = options.run.partition(":")
    code: int | None = getattr(import_module(module), name)(options)
    return code or 0


def _add_workflow(commands: Any) -> None:
    """Commands of whole runs of the workflow."""
    check = commands.add_parser("check", help="hold the results of a run against their records")
    check.add_argument("folder", help="folder of a run, such as results/demo")
    check.set_defaults(run="smug.cli.check:check_run")

    crate = commands.add_parser("crate", help="write a finished run as an RO-Crate, to be cited")
    crate.add_argument("folder", help="folder of a run, such as results/demo")
    crate.add_argument("--output", metavar="FILE", help="the archive (default: FOLDER.crate.zip)")
    crate.add_argument("--overwrite", action="store_true", help="replace an archive that is there")
    crate.add_argument("--arrays", action="store_true", help="with the arrays of single steps")
    crate.set_defaults(run="smug.cli.crate:crate_run")

    run = commands.add_parser(
        "run",
        help="rebuild figures and tables in any folder",
        description="Run the workflow that comes with the package; FOLDER/results holds what it "
        "makes. A run that was stopped goes on where it was.",
    )
    run.add_argument("folder", help="made if it is missing")
    run.add_argument(
        "snakemake",
        nargs=argparse.REMAINDER,
        help="Snakemake's own options and targets, such as --cores 2 --dry-run "
        "--config override='experiment=quick workflow.datasets=[mnist]'",
    )
    run.set_defaults(run="smug.cli.run:run_workflow")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("smug", description="Explain predictions of a Keras model.")
    parser.add_argument("--version", action="version", version=f"smug {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    _add_workflow(commands)

    methods = commands.add_parser("methods", help="list the methods and their settings")
    methods.set_defaults(run="smug.cli.methods:list_methods")

    start = commands.add_parser(
        "init",
        help="write a configuration for your own data and network",
        description="Look at the data and the network in a folder, guess the settings of the "
        "workflow, write them to smug.yaml with the reason for each, and say how to run it.",
    )
    start.add_argument("folder", help="folder of the data and the network")
    start.add_argument("--name", help="name of the dataset and the run (default: the folder's)")
    start.add_argument(
        "--model",
        metavar="FILE",
        help="the .keras, .h5 or .onnx file, module:function, or, for photographs, "
        f"{' or '.join(IMAGE_MODELS)} (default: the file in the folder, else {IMAGE_MODEL})",
    )
    start.add_argument("--inputs", metavar="PATH", help="folder or file of the inputs")
    start.add_argument("--kind", choices=KINDS, help="kind of the inputs (default: guessed)")
    start.add_argument("--overwrite", action="store_true", help="replace smug.yaml")
    start.add_argument("--threads", type=int, default=2, help="CPU threads (default: 2)")
    start.set_defaults(run="smug.cli.init:init")

    verify = commands.add_parser(
        "verify",
        help="prove the sets of a saved explanation again",
        description="Prove the sets that method=robust found again, by an oracle that shares no "
        "code with the search, and replay their counterexamples. Exit code 1 if a set is not "
        "proven, or a counterexample does not hold.",
    )
    verify.add_argument("explanation", help="the .npz file of an explanation")
    verify.add_argument(
        "--model", required=True, help="the .keras, .h5 or .onnx file that was explained"
    )
    verify.add_argument(
        "--oracle",
        default="milp",
        help="milp: HiGHS, in floating point (the default); z3: in rational arithmetic, for "
        "networks of a few ReLUs",
    )
    verify.add_argument(
        "--time-limit", type=float, default=600.0, help="seconds for each input and rival class"
    )
    verify.set_defaults(run="smug.cli.verify:verify_explanation")

    explain = commands.add_parser(
        "explain",
        help="explain images or one text",
        description="Explain images, or one text: a picture (for texts a page), arrays (.npz) and "
        "a record (.json) of each.",
    )
    explain.set_defaults(run="smug.cli.explain:explain")
    _add_explain(explain)
    return parser


def _add_explain(explain: argparse.ArgumentParser) -> None:
    explain.add_argument(
        "images", nargs="*", metavar="IMAGE", help="image files, and folders of image files"
    )
    explain.add_argument("--text", help="explain this text instead of images")
    explain.add_argument(
        "--model",
        help="a .keras, .h5 or .onnx file, a SavedModel folder, or "
        f"{' or '.join(IMAGE_MODELS)} (ImageNet weights that installed packages ship); default "
        f"for images: {IMAGE_MODEL}, for texts: {TEXT_MODEL}",
    )
    explain.add_argument(
        "--method",
        action="append",
        help="one of smug methods (default: smug), several with commas, or all: "
        "several stand side by side in one more picture",
    )
    explain.add_argument("--target", type=int, help="class to explain (default: the predicted one)")
    explain.add_argument(
        "--labels",
        metavar="FILE",
        help="names of the classes of your model: a text file with one a line in the order of the "
        'outputs, a .csv file of index and name, or a .json file: a list, or {"0": "cat", …}',
    )
    explain.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a setting of the method, for example --set top_k=1000; repeatable",
    )
    explain.add_argument(
        "--detail",
        choices=("fine", "coarse"),
        default="coarse",
        help="masks of smug on images: coarse (default) shows parts of an object, fine is the "
        "paper's many nodes and small windows; --set top_k= and window= override it",
    )
    explain.add_argument(
        "--mean", metavar="PIXEL", help="pixel value (0 to 255) that your model gets as 0"
    )
    explain.add_argument(
        "--scale",
        metavar="PIXELS",
        help="pixel values per unit of your model's input: 255 for inputs from 0 to 1; by default "
        "it is found out from the model. Both may be three numbers: red,green,blue",
    )
    explain.add_argument(
        "--output",
        metavar="FILE",
        help="the picture (.png, .pdf or .svg; .html for a text), arrays and record beside it; "
        "default: photo.METHOD.png beside photo.jpg, or text.METHOD.html",
    )
    explain.add_argument("--output-dir", metavar="FOLDER", help="write everything into this folder")
    explain.add_argument("--overwrite", action="store_true", help="replace files that exist")
    explain.add_argument("--threads", type=int, default=2, help="CPU threads (default: 2)")
