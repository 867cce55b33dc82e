# Texts of the user's own: measures of every method word by word, and the table of them.

OWN_TEXTS = RUN.own_of_kind("texts")


use rule stage as score_words with:
    input:
        data=f"{OUT}/prepare_{{dataset}}/data.npz",
        attribution=rules.attribute.output.arrays,
        masks=own(rules.solve_masks.output.masks, variants.both_gammas),
        smug_maps=own(rules.saliency.output.maps, variants.both_gammas),
        maps=own(rules.explain.output.maps, variants.compared),
        settings=own(rules.explain.output.record, variants.compared),
        model=network,
        code=code("score_words"),
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
        code=code("text_methods"),
    output:
        **table("text_methods_{dataset}", "Methods on texts, {dataset}"),
        record=f"{OUT}/tables/text_methods_{{dataset}}.json",
    log:
        f"{OUT}/logs/text_methods/{{dataset}}.log",
    params:
        **captioned("text_methods", OWN_TEXTS),
