"""Table of methods on reviews against human rationales, and of how few words suffice."""

from smug.datasets.beer import ASPECTS
from smug.figures.style import save_table
from smug.figures.text_rationales import caption, printed, text_rationales
from smug.io import load_json
from smug.job import run
from smug.results import load_results


def main(config, paths):
    """Write the table."""
    data, sets = config.dataset, config.sufficient_words
    scores = load_results(*paths.all("scores"))
    summaries = [load_json(path)["summary"] for path in paths.all("settings")]
    generated = any(summary["generated"] for summary in summaries)
    table = text_rationales(scores, generated=generated)
    agreement = scores.loc[scores["metric"].eq("roc_auc"), "value"].notna().any()
    marked = data.aspect if data.rationale_aspect is None else data.rationale_aspect
    fraction = f"{sets.fraction:g} of the prediction's distance to 0.5"
    fixed = f"a prediction of at least {sets.high:g}, or at most {sets.low:g}"
    text = caption(
        generated=generated,
        aspect=ASPECTS[data.aspect],
        rationale=ASPECTS[marked] if agreement else "",
        fraction=fraction if sets.rule == "fraction" else fixed,
    )
    save_table(table, paths.csv, paths.tex, caption=text, printed=printed(table))
    return {"rows": len(table), "caption": text, "generated": generated}


if __name__ == "__main__":
    run(main)
