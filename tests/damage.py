"""Damage of files, as a disk or a broken download does it."""

from collections.abc import Iterable, Iterator


def flipped(content: bytes, places: Iterable[int]) -> Iterator[bytes]:
    """A file's content, each time with the bit at one of the places turned over."""
    for place in places:
        bits = bytearray(content)
        bits[place // 8] ^= 1 << place % 8
        yield bytes(bits)
