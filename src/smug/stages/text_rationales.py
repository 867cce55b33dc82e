"""Table of methods on reviews against human rationales, and of how few words suffice."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from smug.datasets.beer.reviews import ASPECTS
from smug.drawing import save_table
from smug.figures.text_rationales import caption, empty_shares, printed, text_rationales
from smug.io import load_json
from smug.jobs.run import Summary, run
from smug.jobs.settings.comparisons import TextComparisonSettings
from smug.jobs.settings.datasets import BeerSettings
from smug.jobs.settings.explanations import MethodSettings
from smug.jobs.settings.reviews import SufficientWordsSettings
from smug.pipeline.results import load_results
from smug.reviews.explained import SMUG, smug_at

RESPONSES = {
    "auto": "the response as the formula has it, since no batch norm follows the convolution",
    "paper": "the response as the formula has it",
    "bias_free": "the response without its bias",
}


@dataclass(frozen=True)
class Sections:
    """Sections of the configuration that the stage reads."""

    dataset: BeerSettings
    method: MethodSettings
    comparison: TextComparisonSettings
    sufficient_words: SufficientWordsSettings


@dataclass(frozen=True)
class Files:
    """Inputs and outputs by their names in the rule."""

    scores: list[Path]
    settings: list[Path]
    csv: Path
    tex: Path
    record: Path


def main(config: Sections, files: Files) -> Summary:
    """Write the table."""
    data = config.dataset
    scores = load_results(*files.scores)
    summaries = [load_json(path)["summary"] for path in files.settings]
    generated = any(summary["generated"] for summary in summaries)
    table = text_rationales(scores, generated=generated)
    empty = empty_shares(table, (SMUG, smug_at(config.comparison.gamma)))
    agreement = scores.loc[scores["metric"].eq("roc_auc"), "value"].notna().any()
    marked = data.aspect if data.rationale_aspect is None else data.rationale_aspect
    text = caption(
        generated=generated,
        aspect=ASPECTS[data.aspect],
        rationale=ASPECTS[marked] if agreement else "",
        smug=_smug(config.method, empty),
        share=config.comparison.share,
        kept=config.sufficient_words.kept,
    )
    save_table(table, files.csv, files.tex, caption=text, printed=printed(table))
    return {"rows": len(table), "caption": text, "generated": generated, "empty_masks": empty}


def _smug(method: MethodSettings, empty: Mapping[str, float]) -> str:
    """SMUG's settings, and how often the biases alone meet its demand."""
    shares = ", ".join(f"{share:.0%} ({name})" for name, share in empty.items())
    return (
        f"SMUG: k = {method.top_k}, gamma = {method.gamma:g}, {RESPONSES[method.response]}. Where "
        f"the biases alone meet its demand its mask is empty: {shares} of the reviews."
    )


if __name__ == "__main__":
    run(main)
