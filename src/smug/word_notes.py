"""What a reader should know of an answer in words, in one short line."""

from __future__ import annotations

from smug.word_sets import UNDECIDED


def mask_note(kept: int, words: int) -> str:
    """Say how many words SMUG's mask keeps; of an empty one, why."""
    note = f"{kept} of {words} words"
    return note if kept else f"{note}: the biases alone meet the demand; raise gamma to 0.5"


def subset_note(kept: int, words: int, subsets: int, *, confirmed: bool) -> str:
    """Say how many words the first sufficient input subset has, and how many subsets there are."""
    if not subsets:
        return "no answer"
    several = f" in the first of {subsets} disjoint subsets" if subsets > 1 else ""
    return _set_note(kept, words) + several + _doubt(confirmed)


def smallest_note(
    kept: int, words: int, *, found: bool, status: str, bound: float, confirmed: bool
) -> str:
    """Say how many words the smallest set has, and whether that is proven."""
    if not found:
        return "no threshold, no answer" if status == UNDECIDED else f"no answer ({status})"
    if not confirmed:
        return _set_note(kept, words) + _doubt(confirmed)
    return f"{_set_note(kept, words)}, {'proven' if bound >= kept else f'at least {bound:.0f}'}"


def _set_note(kept: int, words: int) -> str:
    note = f"{kept} of {words} words"
    return note if kept else f"{note} (the fully masked review suffices)"


def _doubt(confirmed: bool) -> str:
    return "" if confirmed else ", NOT confirmed by the network itself"
