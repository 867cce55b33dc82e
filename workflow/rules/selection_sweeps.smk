# Which settings the sweeps try, and where the masks of each stand.


def mask_variant(encoding, window, solver):
    """Variant of one setting of the MNIST mask table."""
    return variant_of(
        "mnist",
        {"method.encoding": encoding, "method.window": window, "solver": solver},
    )


def mask_variants():
    """Every setting of the MNIST mask table: encoding x window x solver."""
    sweep = settings("mnist")["sweep"]
    return [
        mask_variant(encoding, window, solver)
        for encoding in ("first_layer", "network")
        for window in sweep["windows"]
        for solver in sweep[f"{encoding}_solvers"]
    ]


def figure_file(stage, encoding):
    """Masks or maps that the figure of digits shows: its window, the encoding's first solver."""
    sweep = settings("mnist")["sweep"]
    solver = sweep[f"{encoding}_solvers"][0]
    variant = mask_variant(encoding, sweep["figure_window"], solver)
    return f"{OUT}/{stage}/mnist/{variant}/0.npz"


def grid_variants(dataset):
    """Every top_k with every gamma, gamma rising."""
    grid = settings(dataset)["grid"]
    return [
        variant_of(dataset, {"method.top_k": k, "method.gamma": gamma})
        for k in grid["top_k"]
        for gamma in sorted(grid["gamma"])
    ]


def sweep_variants(dataset):
    """Every setting that a dataset's sweeps try, once: the grid, and one setting changed alone."""
    grid = settings(dataset)["grid"]
    changes = [{"method.window": window} for window in grid["windows"]]
    changes += [{"method.ranking": ranking} for ranking in grid["rankings"]]
    alone = [variant_of(dataset, change) for change in changes]
    return list(dict.fromkeys(["main", *grid_variants(dataset), *alone]))


def of_grid(wildcards, path, variants=sweep_variants):
    """A path of the rule solve_masks, for the first shard and every setting of the sweeps."""
    dataset = wildcards.dataset
    return expand(path, dataset=dataset, variant=variants(dataset), shard=0)


def start_masks(wildcards):
    """Masks to start from: those of the next larger gamma of the grid, which keep enough.

    The main setting starts from nothing: it does not wait for the sweeps.
    """
    known = grid_variants(wildcards.dataset)
    gammas = len(settings(wildcards.dataset)["grid"]["gamma"])
    variant = wildcards.variant
    if variant == "main" or variant not in known or wildcards.shard != "0":
        return []
    place = known.index(variant)
    if place % gammas == gammas - 1:
        return []
    return f"{OUT}/solve_masks/{wildcards.dataset}/{known[place + 1]}/0.npz"
