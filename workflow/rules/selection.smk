# Which networks, settings and files the rules ask for.

#: Where the networks trained here stand once their rule has run; all others are imported.
TRAINED = {
    "mnist_mlp": f"{OUT}/train_mnist/mnist_mlp/model.keras",
    "text_cnn": f"{OUT}/train_text_cnn/model.keras",
    "mnist_cnn": f"{OUT}/train_mnist/mnist_cnn/model.keras",
    "imagenet_cnn": f"{OUT}/train_imagenet_cnn/model.keras",
}


def model_file(dataset, variant="main"):
    """The network that explains a dataset."""
    name = settings(dataset, variant)["model"]["name"]
    return TRAINED.get(name, f"{OUT}/import_model/{name}.keras")


def explainers(dataset):
    """Variants of the methods that a dataset compares beside SMUG."""
    names = settings(dataset)["comparison"]["explainers"]
    return [f"explainer={name}" for name in names]


def solver_threads(wildcards):
    """Threads that the solver of a mask is given."""
    return settings(wildcards.dataset, wildcards.variant)["solver"]["threads"]


def solving_minutes(wildcards):
    """Minutes that the masks of a shard may take, each up to its limit, with half an hour more."""
    chosen = settings(wildcards.dataset, wildcards.variant)
    seconds = chosen["dataset"]["shard_size"] * chosen["solver"]["timeout"]
    return 30 + math.ceil(seconds / 60)


def timings():
    """The result tables of every solver on every dataset."""
    return [
        f"{OUT}/time_solvers/{dataset}/solver={solver}.parquet"
        for dataset in DATASETS
        for solver in settings(dataset)["timing"]["solvers"]
    ]


def explained(wildcards, path):
    """A path of the rule explain, for every method compared on a dataset."""
    return expand(
        path,
        dataset=wildcards.dataset,
        variant=explainers(wildcards.dataset),
        shard=wildcards.shard,
    )


def first_shards(path, dataset, inputs):
    """A rule's path for the shards that hold the first inputs of a dataset."""
    count = math.ceil(inputs / settings(dataset)["dataset"]["shard_size"])
    return expand(
        path,
        dataset=dataset,
        variant="main",
        shard=[shard for shard in shards(dataset) if shard < count],
    )


def of_shown(path):
    """A rule's path for the shards that hold the photographs shown in figures."""
    return first_shards(path, "imagenet", settings("imagenet")["comparison"]["shown"])


def photographs(*names):
    """The photographs and what a figure needs to know of those it shows, as named inputs."""
    known = {
        "attribution": rules.attribute.output.arrays,
        "masks": rules.solve_masks.output.masks,
        "smug_maps": rules.saliency.output.maps,
        "scores": rules.score_images.output.scores,
    }
    return {
        "data": f"{OUT}/prepare_imagenet/data.npz",
        **{name: of_shown(known[name]) for name in names},
    }


def methods_shown(path, prefix=""):
    """The same of the rule explain, for every method compared whose name begins with a prefix."""
    return [
        one
        for variant in explainers("imagenet")
        if variant.startswith(f"explainer={prefix}")
        for one in of_shown(str(path).replace("{variant}", variant))
    ]


def trained_metrics():
    """Metrics of the networks that this run trains."""
    wanted = {settings(dataset)["model"]["name"] for dataset in DATASETS}
    if "mnist" in DATASETS:
        wanted.add("mnist_cnn")
    return [
        path.replace("model.keras", "metrics.json")
        for name, path in TRAINED.items()
        if name in wanted
    ]


#: Datasets of images in this run.
IMAGE_DATASETS = [name for name in DATASETS if name in ("mnist", "imagenet")]
