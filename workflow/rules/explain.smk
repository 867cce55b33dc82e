# From a prepared dataset and a network to minimal masks and saliency maps, shard by shard.


rule attribute:
    input:
        data=f"{OUT}/prepare_{{dataset}}/data.npz",
        model=lambda wildcards: model_file(wildcards.dataset),
        code=code("attribute"),
    output:
        arrays=f"{OUT}/attribute/{{dataset}}/{{shard}}.npz",
        record=f"{OUT}/attribute/{{dataset}}/{{shard}}.json",
    log:
        f"{OUT}/logs/attribute/{{dataset}}-{{shard}}.log",
    benchmark:
        f"{OUT}/benchmarks/attribute/{{dataset}}-{{shard}}.tsv"
    conda:
        "../../environment.yml"
    params:
        config=frozen("attribute"),
        io=paths,
    message:
        "{rule} {wildcards}"
    shell:
        job("attribute", sharded=True)


rule solve_masks:
    input:
        attribution=rules.attribute.output.arrays,
        start=start_masks,
        code=code("solve_masks"),
    output:
        masks=f"{OUT}/solve_masks/{{dataset}}/{{variant}}/{{shard}}.npz",
        record=f"{OUT}/solve_masks/{{dataset}}/{{variant}}/{{shard}}.json",
    log:
        f"{OUT}/logs/solve_masks/{{dataset}}-{{variant}}-{{shard}}.log",
    benchmark:
        f"{OUT}/benchmarks/solve_masks/{{dataset}}-{{variant}}-{{shard}}.tsv"
    conda:
        "../../environment.yml"
    threads: solver_threads
    resources:
        runtime=solving_minutes,
    params:
        config=frozen("solve_masks"),
        io=paths,
    message:
        "{rule} {wildcards}"
    shell:
        job("solve_masks")


rule saliency:
    input:
        attribution=rules.attribute.output.arrays,
        masks=rules.solve_masks.output.masks,
        code=code("saliency"),
    output:
        maps=f"{OUT}/saliency/{{dataset}}/{{variant}}/{{shard}}.npz",
        record=f"{OUT}/saliency/{{dataset}}/{{variant}}/{{shard}}.json",
    log:
        f"{OUT}/logs/saliency/{{dataset}}-{{variant}}-{{shard}}.log",
    benchmark:
        f"{OUT}/benchmarks/saliency/{{dataset}}-{{variant}}-{{shard}}.tsv"
    conda:
        "../../environment.yml"
    params:
        config=frozen("saliency"),
        io=paths,
    message:
        "{rule} {wildcards}"
    shell:
        job("saliency")


rule explain:
    input:
        data=f"{OUT}/prepare_{{dataset}}/data.npz",
        model=lambda wildcards: model_file(wildcards.dataset, wildcards.variant),
        code=code("explain"),
    output:
        maps=f"{OUT}/explain/{{dataset}}/{{variant}}/{{shard}}.npz",
        record=f"{OUT}/explain/{{dataset}}/{{variant}}/{{shard}}.json",
    log:
        f"{OUT}/logs/explain/{{dataset}}-{{variant}}-{{shard}}.log",
    benchmark:
        f"{OUT}/benchmarks/explain/{{dataset}}-{{variant}}-{{shard}}.tsv"
    conda:
        "../../environment.yml"
    params:
        config=frozen("explain"),
        io=paths,
    message:
        "{rule} {wildcards}"
    shell:
        job("explain", sharded=True)
