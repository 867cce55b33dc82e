# Which settings the sweeps try, and where the masks of each stand.


def grid_variants(dataset):
    """Every top_k with every gamma."""
    grid = settings(dataset)["grid"]
    return [
        f"method.top_k={k}+method.gamma={gamma}"
        for k in grid["top_k"]
        for gamma in sorted(grid["gamma"])
    ]


def sweep_variants(dataset):
    """Every setting that a dataset's sweeps try: the grid, and one setting changed at a time."""
    grid = settings(dataset)["grid"]
    return [
        *grid_variants(dataset),
        *(f"method.window={window}" for window in grid["windows"]),
        *(f"method.ranking={ranking}" for ranking in grid["rankings"]),
    ]


def of_grid(wildcards, path, variants=sweep_variants):
    """A path of the rule solve_masks, for the first shard and every setting of the sweeps."""
    dataset = wildcards.dataset
    return expand(path, dataset=dataset, variant=variants(dataset), shard=0)


def start_masks(wildcards):
    """Masks to start from: those of the next larger gamma of the grid, which keep enough."""
    known = grid_variants(wildcards.dataset)
    gammas = len(settings(wildcards.dataset)["grid"]["gamma"])
    if wildcards.variant not in known or wildcards.shard != "0":
        return []
    place = known.index(wildcards.variant)
    if place % gammas == gammas - 1:
        return []
    return f"{OUT}/solve_masks/{wildcards.dataset}/{known[place + 1]}/0.npz"
