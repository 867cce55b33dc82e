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
    shell:
        job("attribute", sharded=True)


rule solve_masks:
    input:
        attribution=rules.attribute.output.arrays,
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
    params:
        config=frozen("solve_masks"),
        io=paths,
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
    shell:
        job("saliency")
