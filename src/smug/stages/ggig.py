"""Figure of gradients, IG, GGIG and its ensemble on digits and photographs."""

from dataclasses import dataclass
from pathlib import Path

from smug.datasets.prepared import PreparedImages
from smug.drawing import save_figure
from smug.figures.ggig import CAPTION, ComparedMaps, ggig_figure
from smug.io import load_json
from smug.jobs.run import Summary, run
from smug.jobs.settings.sanity import GgigFigureSettings
from smug.pipeline.shards import SaliencyShard


@dataclass(frozen=True)
class Sections:
    """Sections of the configuration that the stage reads."""

    ggig_figure: GgigFigureSettings


@dataclass(frozen=True)
class Files:
    """Inputs and outputs by their names in the rule."""

    data: list[Path]
    maps: list[Path]
    settings: list[Path]
    png: Path
    pdf: Path
    record: Path


def main(config: Sections, files: Files) -> Summary:
    """Draw the figure from the first shard of each dataset and network."""
    images: dict[str, tuple[PreparedImages, int]] = {}
    for path in files.data:
        data = PreparedImages.load(path)
        images |= {name: (data, i) for i, name in enumerate(data.ids.tolist())}
    found: dict[tuple[str, str], ComparedMaps] = {}
    for path, record in zip(files.maps, files.settings, strict=True):
        settings, shard = load_json(record)["config"], SaliencyShard.load(path)
        model, method = settings["model"]["name"], settings["explainer"]["name"]
        for i, name in enumerate(shard.ids.tolist()[: config.ggig_figure.shown]):
            data, at = images[name]
            empty = ComparedMaps(model, data.images[at], str(data.class_names[shard.target[i]]), {})
            row = found.setdefault((model, name), empty)
            row.maps[method] = None if shard.message[i] else shard.maps[i]
    save_figure(ggig_figure(list(found.values()), config.ggig_figure.methods), files.png, files.pdf)
    return {"rows": len(found), "caption": CAPTION}


if __name__ == "__main__":
    run(main)
