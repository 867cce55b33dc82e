"""Table and figure of robust sets of digits."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smug.drawing import save_figure, save_table
from smug.figures.robust import (
    CAPTION,
    DrawnSet,
    RobustDigit,
    printed,
    robust_figure,
    robust_table,
)
from smug.jobs.run import Summary, run
from smug.jobs.settings.robust import RobustSettings
from smug.pipeline.results import load_results
from smug.pipeline.shards import AttributedShard, RobustShard, SolvedShard


@dataclass(frozen=True)
class Sections:
    """Sections of the configuration that the stage reads."""

    robust: RobustSettings


@dataclass(frozen=True)
class Files:
    """Inputs and outputs by their names in the rule."""

    attribution: Path
    network_masks: Path
    smug_masks: Path
    sets: Path
    scores: list[Path]
    png: Path
    pdf: Path
    csv: Path
    tex: Path
    record: Path


def main(config: Sections, files: Files) -> Summary:
    """Write the table, and draw the digits of the first shard."""
    table = robust_table(load_results(*files.scores))
    save_table(table, files.csv, files.tex, caption=CAPTION, printed=printed(table))
    epsilon = config.robust.figure_epsilon
    digits = explained_digits(files, epsilon)
    save_figure(robust_figure(digits, epsilon), files.png, files.pdf)
    return {"digits": len(digits), "rows": len(table)}


def explained_digits(files: Files, epsilon: float) -> list[RobustDigit]:
    """Digits of the first shard that have every mask; ``epsilon`` is the counterexamples'."""
    shard = AttributedShard.load(files.attribution)
    network = SolvedShard.load(files.network_masks)
    first_layer = SolvedShard.load(files.smug_masks)
    sets = RobustShard.load(files.sets)
    digits = []
    for i, name in enumerate(shard.ids):
        rows = np.flatnonzero(sets.ids == name)
        if not len(rows):
            continue
        if not (
            network.has_mask()[i] and first_layer.has_mask()[i] and sets.has_mask()[rows].all()
        ):
            status = [network.status[i], first_layer.status[i], *sets.status[rows]]
            print(f"{name}: left out, no mask ({', '.join(status)})")
            continue
        row = int(rows[sets.epsilon[rows] == epsilon][0])
        target = int(sets.target[row])
        digits.append(
            RobustDigit(
                image=shard.images[i],
                target=target,
                confidence=float(shard.probability[i, target]),
                network_mask=network.masks[i],
                smug_mask=first_layer.masks[i],
                sets=tuple(map(DrawnSet, sets.epsilon[rows], sets.masks[rows], sets.gap()[rows])),
                released=sets.released[row],
                counterexample=sets.counterexample[row].reshape(shard.images[i].shape),
                counterexample_class=int(sets.counterexample_class[row]),
            )
        )
    return digits


if __name__ == "__main__":
    run(main)
