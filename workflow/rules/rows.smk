# Measures of methods on rows of tables and on series.

ROWS = RUN.of_kind("table") + RUN.of_kind("series")


use rule stage as score_rows with:
    input:
        attribution=rules.attribute.output.arrays,
        masks=f"{OUT}/solve_masks/{{dataset}}/main/{{shard}}.npz",
        smug_maps=f"{OUT}/saliency/{{dataset}}/main/{{shard}}.npz",
        maps=own(rules.explain.output.maps, variants.compared),
        settings=own(rules.explain.output.record, variants.compared),
        model=network,
    output:
        scores=f"{OUT}/score_rows/{{dataset}}/{{shard}}.parquet",
        record=f"{OUT}/score_rows/{{dataset}}/{{shard}}.json",
    log:
        f"{OUT}/logs/score_rows/{{dataset}}-{{shard}}.log",
    params:
        **job("score_rows"),
