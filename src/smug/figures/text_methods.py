"""Caption of the table of methods on texts of the user's own."""

from __future__ import annotations

from smug.figures.text_rationales import MASKLESS, MEASURED, TRIVIAL


def caption(dataset: str, *, marked: int, top_k: int, gamma: float, share: float) -> str:
    """Say what the table holds.

    Parameters
    ----------
    dataset : str
        Name of the dataset; made-up data says so.
    marked : int
        Texts in which a human marked words.
    top_k, gamma
        SMUG's settings.
    share : float
        Of the words that a map keeps where no human marked any.
    """
    about = f"humans marked words in {marked} of the texts" if marked else "no words are marked"
    agreement = "" if marked else "; hence no agreement"
    return (
        f"{dataset}, {about}{agreement}: {MEASURED} SMUG: k = {top_k}, gamma = {gamma:g}. "
        f"{MASKLESS.format(share=share)} {TRIVIAL} The CSV holds paired Wilcoxon tests against "
        "SMUG."
    )
