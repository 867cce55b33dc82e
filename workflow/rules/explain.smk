# From a prepared dataset and a network to minimal masks and saliency maps, shard by shard. The longest
# chain of a run leads through here to the scores of pictures: it goes first (priority).


use rule stage as attribute with:
    input:
        data=f"{OUT}/prepare_{{dataset}}/data.npz",
        model=network,
    output:
        arrays=f"{OUT}/attribute/{{dataset}}/{{shard}}.npz",
        record=f"{OUT}/attribute/{{dataset}}/{{shard}}.json",
    log:
        f"{OUT}/logs/attribute/{{dataset}}-{{shard}}.log",
    priority: 1
    params:
        **job("attribute", sharded=True),


use rule stage as solve_masks with:
    input:
        attribution=rules.attribute.output.arrays,
        start=start_masks,
    output:
        masks=f"{OUT}/solve_masks/{{dataset}}/{{variant}}/{{shard}}.npz",
        record=f"{OUT}/solve_masks/{{dataset}}/{{variant}}/{{shard}}.json",
    log:
        f"{OUT}/logs/solve_masks/{{dataset}}-{{variant}}-{{shard}}.log",
    threads: lambda wildcards: chosen(wildcards)["solver"]["threads"]
    resources:
        runtime=lambda wildcards: variants.solving_minutes(chosen(wildcards)),
    params:
        **job("solve_masks"),


use rule stage as saliency with:
    input:
        attribution=rules.attribute.output.arrays,
        masks=rules.solve_masks.output.masks,
    output:
        maps=f"{OUT}/saliency/{{dataset}}/{{variant}}/{{shard}}.npz",
        record=f"{OUT}/saliency/{{dataset}}/{{variant}}/{{shard}}.json",
    log:
        f"{OUT}/logs/saliency/{{dataset}}-{{variant}}-{{shard}}.log",
    params:
        **job("saliency"),


use rule stage as explain with:
    input:
        data=f"{OUT}/prepare_{{dataset}}/data.npz",
        model=network,
    output:
        maps=f"{OUT}/explain/{{dataset}}/{{variant}}/{{shard}}.npz",
        record=f"{OUT}/explain/{{dataset}}/{{variant}}/{{shard}}.json",
    log:
        f"{OUT}/logs/explain/{{dataset}}-{{variant}}-{{shard}}.log",
    priority: 1
    params:
        **job("explain", sharded=True),


use rule stage as completeness with:
    input:
        arrays=RUN.files(rules.attribute.output.arrays, RUN.datasets),
        settings=RUN.files(rules.attribute.output.record, RUN.datasets),
    output:
        **table("completeness", "Completeness of the attributions"),
        record=f"{OUT}/tables/completeness.json",
    log:
        f"{OUT}/logs/completeness.log",
    params:
        **captioned("completeness", RUN.datasets),
