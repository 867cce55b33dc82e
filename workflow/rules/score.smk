# Measures of masks, methods and solvers as long result tables, and the tables made of them.


use rule stage as score_masks with:
    input:
        attribution=own(rules.attribute.output.arrays, in_shards=variants.shards),
        masks=own(
            rules.solve_masks.output.masks, variants.mask_variants, variants.shards
        ),
        settings=own(
            rules.solve_masks.output.record, variants.mask_variants, variants.shards
        ),
        model=network,
    output:
        scores=f"{OUT}/score_masks/{{dataset}}.parquet",
        record=f"{OUT}/score_masks/{{dataset}}.json",
    log:
        f"{OUT}/logs/score_masks/{{dataset}}.log",
    wildcard_constraints:
        dataset=one_of(in_format("mnist")),
    params:
        **job("score_masks"),


use rule stage as score_images with:
    input:
        data=f"{OUT}/prepare_{{dataset}}/data.npz",
        attribution=rules.attribute.output.arrays,
        masks=f"{OUT}/solve_masks/{{dataset}}/main/{{shard}}.npz",
        smug_maps=f"{OUT}/saliency/{{dataset}}/main/{{shard}}.npz",
        maps=own(rules.explain.output.maps, variants.compared),
        settings=own(rules.explain.output.record, variants.compared),
        model=network,
    output:
        scores=f"{OUT}/score_images/{{dataset}}/{{shard}}.parquet",
        record=f"{OUT}/score_images/{{dataset}}/{{shard}}.json",
    log:
        f"{OUT}/logs/score_images/{{dataset}}-{{shard}}.log",
    priority: 1
    params:
        **job("score_images", sharded=True),


use rule stage as attribution_curves with:
    input:
        scores=RUN.files(rules.score_images.output.scores, PICTURES)
        + RUN.files(rules.score_rows.output.scores, ROWS),
    output:
        **table("attribution_curves", "Insertion, deletion and information curves"),
        record=f"{OUT}/tables/attribution_curves.json",
    log:
        f"{OUT}/logs/attribution_curves.log",
    params:
        **captioned("attribution_curves", PICTURES + ROWS),


use rule stage as image_lsc with:
    input:
        prepared=expand(f"{OUT}/prepare_{{dataset}}/record.json", dataset=PHOTOGRAPHS),
        scores=RUN.files(rules.score_images.output.scores, PHOTOGRAPHS),
    output:
        **figure("image_lsc", "Table 1: LSC, Win% and sparsity"),
        **table("image_lsc", "Table 1: LSC, Win% and sparsity"),
        record=f"{OUT}/tables/image_lsc.json",
    log:
        f"{OUT}/logs/image_lsc.log",
    params:
        **captioned("image_lsc", PHOTOGRAPHS),


use rule stage as time_solvers with:
    input:
        attribution=f"{OUT}/attribute/{{dataset}}/0.npz",
    output:
        scores=f"{OUT}/time_solvers/{{dataset}}/{{variant}}.parquet",
        record=f"{OUT}/time_solvers/{{dataset}}/{{variant}}.json",
    log:
        f"{OUT}/logs/time_solvers/{{dataset}}-{{variant}}.log",
    params:
        **job("time_solvers"),


use rule stage as solvers with:
    input:
        scores=timings(rules.time_solvers.output.scores),
    output:
        **table("solvers", "Solvers"),
        record=f"{OUT}/tables/solvers.json",
    log:
        f"{OUT}/logs/solvers.log",
    params:
        **captioned("solvers"),


use rule stage as solver_scaling with:
    input:
        scores=timings(rules.time_solvers.output.scores),
    output:
        **figure("solver_scaling", "Seconds of every solver"),
        record=f"{OUT}/figures/solver_scaling.json",
    log:
        f"{OUT}/logs/solver_scaling.log",
    params:
        **captioned("solver_scaling"),


use rule stage as network_limits with:
    input:
        digits=for_each(rules.prepare_mnist.output.digits, DIGITS),
    output:
        **table("network_limits", "Limits of the whole-network encoding"),
        record=f"{OUT}/tables/network_limits.json",
    log:
        f"{OUT}/logs/network_limits.log",
    params:
        **captioned("network_limits", DIGITS),
