# Sweeps over the settings of the mask problem: every setting is a variant of the rule solve_masks.


use rule stage as mnist_masks with:
    input:
        scores=for_each(rules.score_masks.output.scores, DIGITS),
    output:
        **table("mnist_masks", "Masks of digits"),
        record=f"{OUT}/tables/mnist_masks.json",
    log:
        f"{OUT}/logs/mnist_masks.log",
    params:
        **captioned("mnist_masks", DIGITS),


use rule stage as mnist_ood with:
    input:
        **digits_with_masks(variants.drawn_mask_variant),
        maps=digits_drawn(
            rules.saliency.output.maps, "first_layer", variants.drawn_mask_variant
        ),
        scores=for_each(rules.score_masks.output.scores, DIGITS),
    output:
        **figure("mnist_ood", "Masks of whole networks are out of distribution"),
        record=f"{OUT}/figures/mnist_ood.json",
    log:
        f"{OUT}/logs/mnist_ood.log",
    params:
        **captioned("mnist_ood", DIGITS),


use rule stage as score_grid with:
    input:
        model=network,
        attribution=rules.attribute.output.arrays,
        masks=own(rules.solve_masks.output.masks, variants.sweep_variants),
        settings=own(rules.solve_masks.output.record, variants.sweep_variants),
    output:
        scores=f"{OUT}/score_grid/{{dataset}}/{{shard}}.parquet",
        record=f"{OUT}/score_grid/{{dataset}}/{{shard}}.json",
    log:
        f"{OUT}/logs/score_grid/{{dataset}}-{{shard}}.log",
    params:
        **job("score_grid", sharded=True),


use rule stage as topk_gamma with:
    input:
        scores=swept(rules.score_grid.output.scores, DATASETS),
        settings=swept(rules.score_grid.output.record, DATASETS),
    output:
        **figure("topk_gamma", "Top k against gamma"),
        **table("topk_gamma", "Top k against gamma"),
        record=f"{OUT}/tables/topk_gamma.json",
    log:
        f"{OUT}/logs/topk_gamma.log",
    params:
        **captioned("topk_gamma"),


use rule stage as ablations with:
    input:
        scores=swept(rules.score_grid.output.scores, DATASETS),
        settings=swept(rules.score_grid.output.record, DATASETS),
    output:
        **table("ablations", "Window, ranking and scoring, one changed at a time"),
        record=f"{OUT}/tables/ablations.json",
    log:
        f"{OUT}/logs/ablations.log",
    params:
        **captioned("ablations"),


use rule stage as replacements with:
    input:
        scores=swept(rules.score_grid.output.scores, DISTINCT),
        grids=RUN.files(
            rules.score_grid.output.record, DISTINCT, in_shards=variants.first_shard
        ),
        attribution=expand(f"{OUT}/attribute/{{dataset}}/0.npz", dataset=DISTINCT),
        masks=replaced(rules.solve_masks.output.masks),
        settings=replaced(rules.solve_masks.output.record),
    output:
        **figure("replacements", "What a removed pixel becomes"),
        record=f"{OUT}/figures/replacements.json",
    log:
        f"{OUT}/logs/replacements.log",
    params:
        **captioned("replacements", DISTINCT),


use rule stage as masks_topk_gamma with:
    input:
        data=f"{OUT}/prepare_{{dataset}}/data.npz",
        attribution=f"{OUT}/attribute/{{dataset}}/0.npz",
        masks=on_grid(rules.solve_masks.output.masks),
        settings=on_grid(rules.solve_masks.output.record),
    output:
        **figure("masks_topk_gamma_{dataset}", "Masks by top k and gamma, {dataset}"),
        record=f"{OUT}/figures/masks_topk_gamma_{{dataset}}.json",
    log:
        f"{OUT}/logs/masks_topk_gamma/{{dataset}}.log",
    params:
        **captioned("masks_topk_gamma"),


use rule stage as distinct_masks with:
    input:
        data=f"{OUT}/prepare_{{dataset}}/data.npz",
        attribution=f"{OUT}/attribute/{{dataset}}/0.npz",
    output:
        **figure("distinct_masks_{dataset}", "Distinct smallest masks, {dataset}"),
        **table(
            "distinct_masks_{dataset}", "Overlap of distinct smallest masks, {dataset}"
        ),
        record=f"{OUT}/figures/distinct_masks_{{dataset}}.json",
    log:
        f"{OUT}/logs/distinct_masks/{{dataset}}.log",
    params:
        **captioned("distinct_masks"),
