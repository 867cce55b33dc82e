# Which files the rules on reviews ask for.


def text_files(path):
    """A rule's path on the reviews, for every shard of the run."""
    return [
        str(path).format(dataset="beer", variant="main", shard=shard)
        for shard in shards("beer")
    ]


def text_maps(path):
    """A path of the rule explain, for every method compared on the reviews."""
    return [
        str(path).format(dataset="beer", variant=f"explainer={name}", shard="{shard}")
        for name in settings("beer")["comparison"]["explainers"]
    ]


def both_gammas(path):
    """A path of SMUG on the reviews, at the method's own gamma and at the one set beside it."""
    gamma = settings("beer")["comparison"]["gamma"]
    return [
        str(path).format(dataset="beer", variant=variant, shard="{shard}")
        for variant in ("main", f"method.gamma={gamma}")
    ]


def first_shard(paths):
    """The first shard of paths that leave the shard open."""
    return [path.format(shard=0) for path in paths]
