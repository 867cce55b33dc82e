"""Fetch the original review files, each against a SHA-256 that the user gives."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from smug.datasets.beer import reviews as beer
from smug.errors import SmugError


def file_names(aspect: int) -> tuple[str, str, str]:
    """Names of the files of an aspect, in the order of ``dataset.sha256``."""
    train, heldout = (beer.review_path("", aspect, split).name for split in ("train", "heldout"))
    return train, heldout, "annotations.json"


def fetch(folder: Path, aspect: int, *, address: str, sha256: Sequence[str]) -> None:
    """Bring the files of an aspect into a folder; one that is there and fits is kept.

    Parameters
    ----------
    folder : path
    aspect : int
    address : str
        The folder's address, with or without a slash at its end.
    sha256 : sequence of str
        Of each file of :func:`file_names`, in that order.

    Raises
    ------
    SmugError
        A missing or malformed SHA-256, an address that does not answer, or a file that is another
        one.
    """
    import pooch

    names = file_names(aspect)
    check_sha256(sha256, names)
    for name, digest in zip(names, sha256, strict=True):
        url = f"{address.rstrip('/')}/{name}"
        try:
            pooch.retrieve(url, f"sha256:{digest.lower()}", name, folder)
        except ValueError as error:
            raise SmugError(
                f"{url} is not the file whose SHA-256 is in dataset.sha256 ({error}); fetch it by "
                "hand, look at it, and correct dataset.sha256"
            ) from error
        except OSError as error:
            raise SmugError(
                f"cannot fetch {url} ({error}); place the files by hand and set "
                f"dataset.source=files dataset.root=<folder> (DATA.md)"
            ) from error


def check_sha256(sha256: Sequence[str], names: Sequence[str]) -> None:
    """Refuse anything but one SHA-256 a file, and say how to come by them."""
    good = [len(d) == 64 and set(d.lower()) <= set("0123456789abcdef") for d in sha256]
    if len(sha256) != len(names) or not all(good):
        raise SmugError(
            f"dataset.source=download needs dataset.sha256=[...]: the SHA-256, 64 hexadecimal "
            f"digits, of {', '.join(names)}, in this order; {len(sha256)} given, {sum(good)} well "
            "formed. Nobody publishes them: fetch the files once by hand from a place you trust, "
            "run sha256sum on them, and set what it prints"
        )
