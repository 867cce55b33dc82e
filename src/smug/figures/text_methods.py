"""Caption of the table of methods on texts of the user's own."""

from __future__ import annotations

from smug.figures.text_rationales import MASKLESS, MEASURED, PROVEN, SUFFICIENT, TRIVIAL

#: Why no set is proven smallest where the network is no text CNN of two classes.
UNPROVEN = "no set of this network is proven smallest"


def caption(
    dataset: str, *, marked: int, top_k: int, gamma: float, share: float, kept: str, proven: bool
) -> str:
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
    kept : str
        What the sufficient sets keep.
    proven : bool
        Whether the network lets anybody prove a smallest set.
    """
    about = f"humans marked words in {marked} of the texts" if marked else "no words are marked"
    agreement = "" if marked else "; hence no agreement"
    return (
        f"{dataset}, {about}{agreement}: {MEASURED} SMUG: k = {top_k}, gamma = {gamma:g}. "
        f"{MASKLESS.format(share=share)} {TRIVIAL} {SUFFICIENT.format(kept=kept)}; "
        f"{PROVEN if proven else UNPROVEN}. The CSV holds paired Wilcoxon tests against "
        "SMUG."
    )
