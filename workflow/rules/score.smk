# Measures of masks and solvers, as long result tables.


def mask_variants():
    """Every setting of the MNIST mask table: encoding x window x solver."""
    sweep = settings("mnist")["sweep"]
    return [
        f"method.encoding={encoding},method.window={window},solver={solver}"
        for encoding in ("first_layer", "network")
        for window in sweep["windows"]
        for solver in sweep[f"{encoding}_solvers"]
    ]


def figure_masks(encoding):
    """The masks of one encoding that the figure of digits shows: window chosen, first solver."""
    sweep = settings("mnist")["sweep"]
    variant = (
        f"method.encoding={encoding},method.window={sweep['figure_window']},"
        f"solver={sweep[f'{encoding}_solvers'][0]}"
    )
    return f"{OUT}/solve_masks/mnist/{variant}/0.npz"


FIGURE_MASKS = {
    encoding: figure_masks(encoding) for encoding in ("first_layer", "network")
}


rule score_masks:
    input:
        attribution=expand(
            rules.attribute.output.arrays, dataset="mnist", shard=shards("mnist")
        ),
        masks=expand(
            rules.solve_masks.output.masks,
            dataset="mnist",
            variant=mask_variants(),
            shard=shards("mnist"),
        ),
        settings=expand(
            rules.solve_masks.output.record,
            dataset="mnist",
            variant=mask_variants(),
            shard=shards("mnist"),
        ),
        model=MODEL_FILES[settings("mnist")["model"]["name"]],
        code=code("score_masks"),
    output:
        scores=f"{OUT}/score_masks/mnist.parquet",
        record=f"{OUT}/score_masks/mnist.json",
    log:
        f"{OUT}/logs/score_masks/mnist.log",
    benchmark:
        f"{OUT}/benchmarks/score_masks/mnist.tsv"
    params:
        config=frozen("score_masks", "mnist"),
        io=paths,
    shell:
        JOB


rule time_solvers:
    input:
        attribution=f"{OUT}/attribute/{{dataset}}/0.npz",
        code=code("time_solvers"),
    output:
        scores=f"{OUT}/time_solvers/{{dataset}}/{{variant}}.parquet",
        record=f"{OUT}/time_solvers/{{dataset}}/{{variant}}.json",
    log:
        f"{OUT}/logs/time_solvers/{{dataset}}-{{variant}}.log",
    benchmark:
        f"{OUT}/benchmarks/time_solvers/{{dataset}}-{{variant}}.tsv"
    params:
        config=frozen("time_solvers"),
        io=paths,
    shell:
        JOB
