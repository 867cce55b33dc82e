# Geometrically Guided Integrated Gradients beside its relatives, and curves of all methods.


rule ggig:
    input:
        data=expand(f"{OUT}/prepare_{{dataset}}/data.npz", dataset=IMAGE_DATASETS),
        maps=guided(rules.explain.output.maps),
        settings=guided(rules.explain.output.record),
        code=code("ggig"),
    output:
        png=in_report(
            f"{OUT}/figures/ggig.png", "Geometrically Guided Integrated Gradients"
        ),
        pdf=f"{OUT}/figures/ggig.pdf",
        record=f"{OUT}/figures/ggig.json",
    log:
        f"{OUT}/logs/ggig.log",
    benchmark:
        f"{OUT}/benchmarks/ggig.tsv"
    conda:
        "../../environment.yml"
    params:
        config=frozen("ggig", "mnist"),
        io=paths,
        shown=shown("ggig", IMAGE_DATASETS, "explainer=geometric_ensemble"),
    message:
        "{rule} {wildcards}"
    shell:
        job("ggig")


rule attribution_curves:
    input:
        scores=[
            str(rules.score_images.output.scores).format(dataset=dataset, shard=shard)
            for dataset in IMAGE_DATASETS
            for shard in shards(dataset)
        ],
        code=code("attribution_curves"),
    output:
        csv=in_report(
            f"{OUT}/tables/attribution_curves.csv",
            "Insertion, deletion and information curves",
        ),
        tex=f"{OUT}/tables/attribution_curves.tex",
        record=f"{OUT}/tables/attribution_curves.json",
    log:
        f"{OUT}/logs/attribution_curves.log",
    benchmark:
        f"{OUT}/benchmarks/attribution_curves.tsv"
    conda:
        "../../environment.yml"
    params:
        config=frozen("attribution_curves", "mnist"),
        io=paths,
        shown=shown("attribution_curves", IMAGE_DATASETS),
    message:
        "{rule} {wildcards}"
    shell:
        job("attribution_curves")
