# Robust sets: what keeps the class whatever all else becomes, beside the masks of one replacement.


use rule stage as robust_explain with:
    input:
        data=f"{OUT}/prepare_{{dataset}}/data.npz",
        model=network,
    output:
        sets=f"{OUT}/robust_explain/{{dataset}}/{{shard}}.npz",
        scores=f"{OUT}/robust_explain/{{dataset}}/{{shard}}.parquet",
        record=f"{OUT}/robust_explain/{{dataset}}/{{shard}}.json",
    log:
        f"{OUT}/logs/robust_explain/{{dataset}}-{{shard}}.log",
    resources:
        runtime=lambda wildcards: variants.robust_minutes(chosen(wildcards)),
    params:
        **job("robust_explain", sharded=True),


use rule stage as robust with:
    input:
        **digits_with_masks(variants.robust_mask_variant),
        sets=RUN.files(
            rules.robust_explain.output.sets, DIGITS, in_shards=variants.first_shard
        ),
        scores=with_robust_sets(rules.robust_explain.output.scores),
    output:
        **figure("robust", "Robust sets of digits"),
        **table("robust", "Robust sets of digits"),
        record=f"{OUT}/figures/robust.json",
    log:
        f"{OUT}/logs/robust.log",
    params:
        **captioned("robust", DIGITS),
