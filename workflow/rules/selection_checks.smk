# Which maps the sanity checks and the figure of GGIG ask for.


def sanity_variants(dataset):
    """The dataset's own network, and those checked beside it."""
    also = settings(dataset)["sanity"]["also"]
    return ["main", *(f"model={network}+sanity={network}" for network in also)]


def sanity_shards(dataset, variant):
    """Shard numbers of the inputs whose maps are checked."""
    chosen = settings(dataset, variant)
    inputs = min(chosen["sanity"]["inputs"], chosen["dataset"]["explained"])
    return range(math.ceil(inputs / chosen["sanity"]["shard_size"]))


def checked(path):
    """A path of the rule sanity, for every dataset, each of its networks and shards."""
    return [
        str(path).format(dataset=dataset, variant=variant, shard=shard)
        for dataset in DATASETS
        for variant in sanity_variants(dataset)
        for shard in sanity_shards(dataset, variant)
    ]


def guided(path):
    """A path of the rule explain, for every network and method of the figure, first shards."""
    chosen = settings("mnist")["ggig_figure"]
    usual = settings("mnist")["model"]["name"]
    digit_networks = [
        [] if model == usual else [f"model={model}"] for model in chosen["digit_models"]
    ]
    networks = {"mnist": digit_networks, "imagenet": [[]]}
    return [
        str(path).format(
            dataset=dataset,
            variant="+".join([f"explainer={method}", *network]),
            shard=0,
        )
        for dataset in IMAGE_DATASETS
        for network in networks[dataset]
        for method in chosen["methods"]
    ]
