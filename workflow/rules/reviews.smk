# Reviews: every method's scores, table and page.


use rule stage as score_texts with:
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
        scores=f"{OUT}/score_texts/{{dataset}}/{{shard}}.parquet",
        eraser=f"{OUT}/score_texts/{{dataset}}/{{shard}}.jsonl",
        record=f"{OUT}/score_texts/{{dataset}}/{{shard}}.json",
    log:
        f"{OUT}/logs/score_texts/{{dataset}}-{{shard}}.log",
    wildcard_constraints:
        dataset=one_of(in_format("beer")),
    params:
        **job("score_texts", sharded=True),


use rule stage as text_rationales with:
    input:
        scores=RUN.files(rules.score_texts.output.scores, REVIEWS),
        settings=RUN.files(rules.score_texts.output.record, REVIEWS),
    output:
        **table("text_rationales", "Methods on reviews"),
        record=f"{OUT}/tables/text_rationales.json",
    log:
        f"{OUT}/logs/text_rationales.log",
    params:
        **captioned("text_rationales", REVIEWS),


use rule stage as eraser with:
    input:
        lines=RUN.files(rules.score_texts.output.eraser, REVIEWS),
        settings=RUN.files(rules.score_texts.output.record, REVIEWS),
    output:
        archive=f"{OUT}/tables/eraser.zip",
        record=f"{OUT}/tables/eraser.json",
    log:
        f"{OUT}/logs/eraser.log",
    params:
        **asked("eraser", REVIEWS),


use rule stage as text_metrics with:
    input:
        scores=RUN.files(rules.score_texts.output.scores, RUN.in_format("beer"))
        + RUN.files(rules.score_words.output.scores, OWN_TEXTS),
        settings=RUN.files(rules.score_texts.output.record, RUN.in_format("beer"))
        + RUN.files(rules.score_words.output.record, OWN_TEXTS),
    output:
        **figure("text_metrics", "Ranks of every method under the field's measures"),
        **table("text_metrics", "Every method under the field's measures"),
        record=f"{OUT}/figures/text_metrics.json",
    log:
        f"{OUT}/logs/text_metrics.log",
    params:
        **captioned("text_metrics", TEXTS),


use rule stage as text_saliency with:
    input:
        **first_reviews(),
        sets=RUN.files(
            rules.sufficient_words.output.sets, REVIEWS, in_shards=variants.first_shard
        ),
    output:
        **figure("text_saliency", "Reviews highlighted by every method"),
        html=f"{OUT}/figures/text_saliency.html",
        record=f"{OUT}/figures/text_saliency.json",
    log:
        f"{OUT}/logs/text_saliency.log",
    params:
        **captioned("text_saliency", REVIEWS),
