"""Figure of gradients, IG, GGIG and its ensemble on digits and photographs."""

from smug.datasets.prepared import PreparedImages
from smug.drawing import save_figure
from smug.figures.ggig import CAPTION, ComparedMaps, ggig_figure
from smug.io import load_json
from smug.jobs.run import run
from smug.pipeline.shards import SaliencyShard


def main(config, paths):
    """Draw the figure from the first shard of each dataset and network."""
    images = {}
    for path in paths.all("data"):
        data = PreparedImages.load(path)
        images |= {name: (data, i) for i, name in enumerate(data.ids.tolist())}
    found = {}
    for path, record in zip(paths.all("maps"), paths.all("settings"), strict=True):
        settings, shard = load_json(record)["config"], SaliencyShard.load(path)
        model, method = settings["model"]["name"], settings["explainer"]["name"]
        for i, name in enumerate(shard.ids.tolist()[: config.ggig_figure.shown]):
            data, at = images[name]
            empty = ComparedMaps(model, data.images[at], str(data.class_names[shard.target[i]]), {})
            row = found.setdefault((model, name), empty)
            row.maps[method] = None if shard.message[i] else shard.maps[i]
    save_figure(ggig_figure(list(found.values()), config.ggig_figure.methods), paths.png, paths.pdf)
    return {"rows": len(found), "caption": CAPTION}


if __name__ == "__main__":
    run(main)
