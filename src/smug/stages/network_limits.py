"""Table: how far the encoding of whole networks goes, by size of network, window and lead."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from smug.datasets.mnist import Digits
from smug.drawing import save_table
from smug.figures.network_limits import CAPTION, network_limits
from smug.jobs.run import Summary, run
from smug.jobs.settings.models import MnistMlpSettings
from smug.jobs.settings.workflow import NetworkLimitsSettings
from smug.masks.network import DenseNetwork, solve_network


@dataclass(frozen=True)
class Sections:
    """Sections of the configuration that the stage reads."""

    model: MnistMlpSettings
    network_limits: NetworkLimitsSettings


@dataclass(frozen=True)
class Files:
    """Inputs and outputs by their names in the rule."""

    digits: Path
    csv: Path
    tex: Path
    record: Path


def main(config: Sections, files: Files) -> Summary:
    """Train each network, solve its digits, write the table."""
    from smug.models.dense import dense_layers
    from smug.models.networks import mnist_mlp
    from smug.models.training import train_digits

    limits = config.network_limits
    digits = Digits.load(files.digits)
    images = mnist_mlp.scale(digits.test_images[digits.explained[: limits.digits]])
    rows = []
    for hidden in limits.hidden:
        sizes = [int(nodes) for nodes in hidden.split("-")]
        settings = replace(config.model, hidden=sizes).training()
        model = train_digits(digits.train_images, digits.train_labels, **settings)
        network = DenseNetwork(*zip(*dense_layers(model), strict=True))
        demands = [(w, s, x) for w in limits.windows for s in limits.lead_shares for x in images]
        for window, share, image in tqdm(demands, desc=f"784-{hidden}-10", unit="mask"):
            logits = network.logits(image.reshape(1, -1))[0]
            label = int(logits.argmax())
            lead = logits[label] - np.delete(logits, label).max()
            solution = solve_network(
                network,
                image,
                label,
                window=window,
                delta=share * lead,
                time_limit=limits.timeout,
            )
            rows.append((f"784-{hidden}-10", window, share, solution))
    table = network_limits(rows)
    save_table(table, files.csv, files.tex, caption=CAPTION)
    return {"masks": len(rows), "time_limit": limits.timeout}


if __name__ == "__main__":
    run(main)
