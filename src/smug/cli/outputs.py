"""Files that a command writes: their names, and that none is replaced unasked."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from smug.errors import SmugError
from smug.explanation import explanation_files
from smug.io import check_new
from smug.methods import METHODS

#: Endings of a picture, and of a page.
PICTURES, PAGES = (".png", ".pdf", ".svg"), (".html",)

#: Stands for the method in the name of the picture that shows several.
SEVERAL = "methods"

#: Option that allows to replace files.
_HOW = "--overwrite replaces it"


@dataclass(frozen=True)
class Outputs:
    """Files of one input.

    Parameters
    ----------
    stem : pathlib.Path
        Folder and first part of the name that all files share: ``photo``, or ``photo.methods``
        where several methods stand side by side, so that a method alone has files of its own.
    methods : tuple of str
        Methods that explain the input.
    shown : pathlib.Path
        The picture or page that shows them all.
    given : bool
        Whether the user named that file: with a single method, arrays and record then bear its
        name, too.
    """

    stem: Path
    methods: tuple[str, ...]
    shown: Path
    given: bool = False

    def arrays(self, method: str) -> Path:
        """The ``.npz`` file of a method."""
        if self.given and len(self.methods) == 1:
            return self.shown.with_suffix(".npz")
        return _add(self.stem, f".{method}.npz")

    def __iter__(self) -> Iterator[Path]:
        yield self.shown
        for method in self.methods:
            yield from explanation_files(self.arrays(method))


def check_options(options: argparse.Namespace, endings: Sequence[str], *, several: bool) -> None:
    """Refuse options about files that contradict each other, or an ending nobody can draw.

    Parameters
    ----------
    options : argparse.Namespace
    endings : sequence of str
        Endings that ``--output`` may have.
    several : bool
        Whether several inputs are explained.

    Raises
    ------
    SmugError
    """
    if options.output is None:
        return
    if options.output_dir is not None:
        raise SmugError("--output and --output-dir contradict each other; give one of them")
    if several:
        raise SmugError(
            "--output names one file, and several images are explained; give --output-dir"
        )
    ending = Path(options.output).suffix.lower()
    if ending not in endings:
        raise SmugError(
            f"--output {options.output} has {f'the ending {ending}' if ending else 'no ending'}; "
            f"allowed: {', '.join(endings)}"
        )


def plan(
    inputs: Sequence[Path], methods: Sequence[str], options: argparse.Namespace, ending: str
) -> list[Outputs]:
    """Files of each input.

    Parameters
    ----------
    inputs : sequence of pathlib.Path
        Paths of the inputs; a text's is the name its files begin with.
    methods : sequence of str
    options : argparse.Namespace
    ending : str
        Of the picture or page that shows an explanation.

    Raises
    ------
    SmugError
        A file exists and ``--overwrite`` is not given.
    """
    if options.output is not None:
        shown = Path(options.output)
        planned = [Outputs(shown.with_suffix(""), tuple(methods), shown, given=True)]
    else:
        stems = _stems(inputs, options.output_dir)
        if len(methods) == 1:
            named = [(stem, _add(stem, f".{methods[0]}{ending}")) for stem in stems]
        else:
            together = [_add(stem, f".{SEVERAL}") for stem in stems]
            named = [(stem, _add(stem, ending)) for stem in together]
        planned = [Outputs(stem, tuple(methods), shown) for stem, shown in named]
    for outputs in planned:
        check_new(outputs, overwrite=options.overwrite, how=_HOW)
    return planned


def plan_table(images: Sequence[Path], options: argparse.Namespace) -> Path:
    """File of the table over all images; raises as :func:`plan`."""
    folders = {path.parent for path in images}
    folder = options.output_dir or (folders.pop() if len(folders) == 1 else ".")
    table = Path(folder) / "explained.csv"
    check_new([table], overwrite=options.overwrite, how=_HOW)
    return table


def is_output(path: Path) -> bool:
    """True for a picture in a folder that this command drew."""
    method = path.stem.rpartition(".")[2]
    if method == SEVERAL:
        return any(path.with_name(f"{path.stem}.{name}.json").is_file() for name in METHODS)
    return method in METHODS and path.with_suffix(".json").is_file()


def _stems(inputs: Sequence[Path], folder: str | None) -> list[Path]:
    """Folder and first part of each input's files, distinct."""

    def place(path: Path, name: str) -> Path:
        return (path.parent if folder is None else Path(folder)) / name

    # photo.jpg and photo.png, then a/photo.jpg and b/photo.jpg, must not share their files.
    stems = [place(path, path.stem) for path in inputs]
    for rename in (lambda path: path.name, lambda path: f"{path.parent.name}_{path.name}"):
        shared = Counter(stems)
        stems = [
            place(path, rename(path)) if shared[stem] > 1 else stem
            for path, stem in zip(inputs, stems, strict=True)
        ]
    for stem, count in Counter(stems).items():
        if count > 1:
            raise SmugError(
                f"{count} images would write {stem}.*; explain them in separate commands, each "
                "with an --output-dir of its own"
            )
    return stems


def _add(stem: Path, ending: str) -> Path:
    return stem.with_name(stem.name + ending)
