# Reviews: every method's scores, table and page.

REVIEWS = RUN.with_inputs_of("beer")


use rule stage as score_texts with:
    input:
        **of_reviews(variants.open_shard),
        data=rules.prepare_beer.output.data,
        attribution=f"{OUT}/attribute/beer/{{shard}}.npz",
        sets=f"{OUT}/sufficient_words/beer/{{shard}}.npz",
        model=RUN.network("beer"),
        code=code("score_texts"),
    output:
        scores=f"{OUT}/score_texts/{{shard}}.parquet",
        eraser=f"{OUT}/score_texts/{{shard}}.jsonl",
        record=f"{OUT}/score_texts/{{shard}}.json",
    log:
        f"{OUT}/logs/score_texts/{{shard}}.log",
    params:
        **job("score_texts", "beer", sharded=True),


use rule stage as text_rationales with:
    input:
        scores=RUN.files(rules.score_texts.output.scores, ["beer"]),
        settings=RUN.files(rules.score_texts.output.record, ["beer"]),
        code=code("text_rationales"),
    output:
        **table("text_rationales", "Methods on reviews"),
        record=f"{OUT}/tables/text_rationales.json",
    log:
        f"{OUT}/logs/text_rationales.log",
    params:
        **captioned("text_rationales", ["beer"]),


use rule stage as eraser with:
    input:
        lines=RUN.files(rules.score_texts.output.eraser, ["beer"]),
        settings=RUN.files(rules.score_texts.output.record, ["beer"]),
        code=code("eraser"),
    output:
        archive=f"{OUT}/tables/eraser.zip",
        record=f"{OUT}/tables/eraser.json",
    log:
        f"{OUT}/logs/eraser.log",
    params:
        **asked("eraser", ["beer"]),


use rule stage as text_metrics with:
    input:
        scores=RUN.files(rules.score_texts.output.scores, REVIEWS)
        + RUN.files(rules.score_words.output.scores, OWN_TEXTS),
        settings=RUN.files(rules.score_texts.output.record, REVIEWS)
        + RUN.files(rules.score_words.output.record, OWN_TEXTS),
        code=code("text_metrics"),
    output:
        **figure("text_metrics", "Ranks of every method under the field's measures"),
        **table("text_metrics", "Every method under the field's measures"),
        record=f"{OUT}/figures/text_metrics.json",
    log:
        f"{OUT}/logs/text_metrics.log",
    params:
        **captioned("text_metrics", REVIEWS + OWN_TEXTS),


use rule stage as text_saliency with:
    input:
        **of_reviews(variants.first_shard),
        data=rules.prepare_beer.output.data,
        attribution=f"{OUT}/attribute/beer/0.npz",
        sets=f"{OUT}/sufficient_words/beer/0.npz",
        code=code("text_saliency"),
    output:
        **figure("text_saliency", "Reviews highlighted by every method"),
        html=f"{OUT}/figures/text_saliency.html",
        record=f"{OUT}/figures/text_saliency.json",
    log:
        f"{OUT}/logs/text_saliency.log",
    params:
        **captioned("text_saliency", ["beer"]),
