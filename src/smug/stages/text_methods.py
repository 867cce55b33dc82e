"""Table of methods on texts of the user's own: the words they keep, and what humans marked."""

from dataclasses import dataclass
from pathlib import Path

from smug.drawing import save_table
from smug.figures.text_methods import caption
from smug.figures.text_rationales import AGREEMENT, printed, text_rationales
from smug.jobs.run import Summary, run
from smug.jobs.settings.comparisons import TextComparisonSettings
from smug.jobs.settings.explanations import MethodSettings
from smug.jobs.settings.own import OwnTextsSettings
from smug.jobs.settings.reviews import SufficientWordsSettings
from smug.pipeline.results import load_results
from smug.reviews.sufficient_words import SMALLEST


@dataclass(frozen=True)
class Sections:
    """Sections of the configuration that the stage reads."""

    dataset: OwnTextsSettings
    method: MethodSettings
    comparison: TextComparisonSettings
    sufficient_words: SufficientWordsSettings


@dataclass(frozen=True)
class Files:
    """Inputs and outputs by their names in the rule."""

    scores: list[Path]
    csv: Path
    tex: Path
    record: Path


def main(config: Sections, files: Files) -> Summary:
    """Write the table."""
    scores = load_results(*files.scores)
    dataset = str(scores["dataset"].iloc[0])
    table = text_rationales(scores, generated=config.dataset.source == "generated")
    marked = scores["metric"].isin(AGREEMENT) & scores["value"].notna()
    texts = scores.loc[marked, "image"].nunique()
    table.insert(0, "dataset", dataset)
    sets, proven = config.sufficient_words, bool(scores["method"].eq(SMALLEST).any())
    text = caption(
        dataset,
        marked=texts,
        top_k=config.method.top_k,
        gamma=config.method.gamma,
        share=config.comparison.share,
        kept=sets.kept if proven else f"{sets.fraction:g} of the class's probability",
        proven=proven,
    )
    save_table(table, files.csv, files.tex, caption=text, printed=printed(table))
    return {"rows": len(table), "caption": text, "marked": texts}


if __name__ == "__main__":
    run(main)
