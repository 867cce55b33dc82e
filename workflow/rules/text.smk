# Reviews: words that suffice, every method's scores, table and page.


rule sufficient_words:
    input:
        attribution=f"{OUT}/attribute/beer/{{shard}}.npz",
        model=model_file("beer"),
        code=code("sufficient_words"),
    output:
        sets=f"{OUT}/sufficient_words/{{shard}}.npz",
        record=f"{OUT}/sufficient_words/{{shard}}.json",
    log:
        f"{OUT}/logs/sufficient_words/{{shard}}.log",
    benchmark:
        f"{OUT}/benchmarks/sufficient_words/{{shard}}.tsv"
    conda:
        "../../environment.yml"
    params:
        config=frozen("sufficient_words", "beer"),
        io=paths,
    message:
        "{rule} {wildcards}"
    shell:
        job("sufficient_words")


rule score_texts:
    input:
        data=rules.prepare_beer.output.data,
        attribution=f"{OUT}/attribute/beer/{{shard}}.npz",
        masks=both_gammas(rules.solve_masks.output.masks),
        smug_maps=both_gammas(rules.saliency.output.maps),
        maps=text_maps(rules.explain.output.maps),
        settings=text_maps(rules.explain.output.record),
        sets=rules.sufficient_words.output.sets,
        model=model_file("beer"),
        code=code("score_texts"),
    output:
        scores=f"{OUT}/score_texts/{{shard}}.parquet",
        record=f"{OUT}/score_texts/{{shard}}.json",
    log:
        f"{OUT}/logs/score_texts/{{shard}}.log",
    benchmark:
        f"{OUT}/benchmarks/score_texts/{{shard}}.tsv"
    conda:
        "../../environment.yml"
    params:
        config=frozen("score_texts", "beer"),
        io=paths,
    message:
        "{rule} {wildcards}"
    shell:
        job("score_texts", sharded=True)


rule text_rationales:
    input:
        scores=text_files(rules.score_texts.output.scores),
        settings=text_files(rules.score_texts.output.record),
        code=code("text_rationales"),
    output:
        csv=in_report(f"{OUT}/tables/text_rationales.csv", "Methods on reviews"),
        tex=f"{OUT}/tables/text_rationales.tex",
        record=f"{OUT}/tables/text_rationales.json",
    log:
        f"{OUT}/logs/text_rationales.log",
    benchmark:
        f"{OUT}/benchmarks/text_rationales.tsv"
    conda:
        "../../environment.yml"
    params:
        config=frozen("text_rationales", "beer"),
        io=paths,
        shown=shown("text_rationales", ["beer"]),
    message:
        "{rule} {wildcards}"
    shell:
        job("text_rationales")


rule text_saliency:
    input:
        data=rules.prepare_beer.output.data,
        attribution=f"{OUT}/attribute/beer/0.npz",
        masks=first_shard(both_gammas(rules.solve_masks.output.masks)),
        smug_maps=first_shard(both_gammas(rules.saliency.output.maps)),
        maps=first_shard(text_maps(rules.explain.output.maps)),
        settings=first_shard(text_maps(rules.explain.output.record)),
        sets=f"{OUT}/sufficient_words/0.npz",
        code=code("text_saliency"),
    output:
        html=f"{OUT}/figures/text_saliency.html",
        png=in_report(
            f"{OUT}/figures/text_saliency.png", "Reviews highlighted by every method"
        ),
        pdf=f"{OUT}/figures/text_saliency.pdf",
        record=f"{OUT}/figures/text_saliency.json",
    log:
        f"{OUT}/logs/text_saliency.log",
    benchmark:
        f"{OUT}/benchmarks/text_saliency.tsv"
    conda:
        "../../environment.yml"
    params:
        config=frozen("text_saliency", "beer"),
        io=paths,
        shown=shown("text_saliency", ["beer"]),
    message:
        "{rule} {wildcards}"
    shell:
        job("text_saliency")
