# Measures of masks and solvers, as long result tables.


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
        model=model_file("mnist"),
        code=code("score_masks"),
    output:
        scores=f"{OUT}/score_masks/mnist.parquet",
        record=f"{OUT}/score_masks/mnist.json",
    log:
        f"{OUT}/logs/score_masks/mnist.log",
    benchmark:
        f"{OUT}/benchmarks/score_masks/mnist.tsv"
    conda:
        "../../environment.yml"
    params:
        config=frozen("score_masks", "mnist"),
        io=paths,
    message:
        "{rule} {wildcards}"
    shell:
        job("score_masks")


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
    conda:
        "../../environment.yml"
    params:
        config=frozen("time_solvers"),
        io=paths,
    message:
        "{rule} {wildcards}"
    shell:
        job("time_solvers")


rule score_images:
    input:
        data=f"{OUT}/prepare_{{dataset}}/data.npz",
        attribution=rules.attribute.output.arrays,
        masks=f"{OUT}/solve_masks/{{dataset}}/main/{{shard}}.npz",
        smug_maps=f"{OUT}/saliency/{{dataset}}/main/{{shard}}.npz",
        maps=lambda wildcards: explained(wildcards, rules.explain.output.maps),
        settings=lambda wildcards: explained(wildcards, rules.explain.output.record),
        model=lambda wildcards: model_file(wildcards.dataset),
        code=code("score_images"),
    output:
        scores=f"{OUT}/score_images/{{dataset}}/{{shard}}.parquet",
        record=f"{OUT}/score_images/{{dataset}}/{{shard}}.json",
    log:
        f"{OUT}/logs/score_images/{{dataset}}-{{shard}}.log",
    benchmark:
        f"{OUT}/benchmarks/score_images/{{dataset}}-{{shard}}.tsv"
    conda:
        "../../environment.yml"
    params:
        config=frozen("score_images"),
        io=paths,
    message:
        "{rule} {wildcards}"
    shell:
        job("score_images", sharded=True)


rule score_grid:
    input:
        data=f"{OUT}/prepare_{{dataset}}/data.npz",
        model=lambda wildcards: model_file(wildcards.dataset),
        attribution=f"{OUT}/attribute/{{dataset}}/0.npz",
        masks=lambda wildcards: of_grid(wildcards, rules.solve_masks.output.masks),
        settings=lambda wildcards: of_grid(wildcards, rules.solve_masks.output.record),
        code=code("score_grid"),
    output:
        scores=f"{OUT}/score_grid/{{dataset}}.parquet",
        record=f"{OUT}/score_grid/{{dataset}}.json",
    log:
        f"{OUT}/logs/score_grid/{{dataset}}.log",
    benchmark:
        f"{OUT}/benchmarks/score_grid/{{dataset}}.tsv"
    conda:
        "../../environment.yml"
    params:
        config=frozen("score_grid"),
        io=paths,
    message:
        "{rule} {wildcards}"
    shell:
        job("score_grid")
