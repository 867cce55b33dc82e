# Texts: words that suffice; of the user's own, measures of every method, and the table of them.

TEXTS, OWN_TEXTS = RUN.of_kind("texts"), RUN.own_of_kind("texts")


use rule stage as sufficient_words with:
    input:
        attribution=rules.attribute.output.arrays,
        model=network,
    output:
        sets=f"{OUT}/sufficient_words/{{dataset}}/{{shard}}.npz",
        record=f"{OUT}/sufficient_words/{{dataset}}/{{shard}}.json",
    log:
        f"{OUT}/logs/sufficient_words/{{dataset}}-{{shard}}.log",
    wildcard_constraints:
        dataset=one_of([*in_format("beer"), *OWN_TEXTS]),
    params:
        **job("sufficient_words"),


use rule stage as score_words with:
    input:
        data=f"{OUT}/prepare_{{dataset}}/data.npz",
        attribution=rules.attribute.output.arrays,
        masks=own(rules.solve_masks.output.masks, variants.both_gammas),
        smug_maps=own(rules.saliency.output.maps, variants.both_gammas),
        maps=own(rules.explain.output.maps, variants.compared),
        settings=own(rules.explain.output.record, variants.compared),
        sets=rules.sufficient_words.output.sets,
        model=network,
    output:
        scores=f"{OUT}/score_words/{{dataset}}/{{shard}}.parquet",
        record=f"{OUT}/score_words/{{dataset}}/{{shard}}.json",
    log:
        f"{OUT}/logs/score_words/{{dataset}}-{{shard}}.log",
    params:
        **job("score_words", sharded=True),


use rule stage as text_methods with:
    input:
        scores=own(rules.score_words.output.scores, in_shards=variants.shards),
    output:
        **table("text_methods_{dataset}", "Methods on texts, {dataset}"),
        record=f"{OUT}/tables/text_methods_{{dataset}}.json",
    log:
        f"{OUT}/logs/text_methods/{{dataset}}.log",
    params:
        **captioned("text_methods", OWN_TEXTS),
