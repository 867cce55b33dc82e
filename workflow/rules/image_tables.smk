# Tables of photographs; each reads results only.


rule image_lsc:
    input:
        prepared=f"{OUT}/prepare_imagenet/record.json",
        scores=expand(
            rules.score_images.output.scores,
            dataset="imagenet",
            shard=shards("imagenet"),
        ),
        code=code("image_lsc"),
    output:
        csv=in_report(f"{OUT}/tables/image_lsc.csv", "Table 1: LSC, Win% and sparsity"),
        tex=f"{OUT}/tables/image_lsc.tex",
        record=f"{OUT}/tables/image_lsc.json",
    log:
        f"{OUT}/logs/image_lsc.log",
    benchmark:
        f"{OUT}/benchmarks/image_lsc.tsv"
    conda:
        "../../environment.yml"
    params:
        config=frozen("image_lsc", "imagenet"),
        io=paths,
        shown=shown("image_lsc", ["imagenet"]),
    message:
        "{rule} {wildcards}"
    shell:
        job("image_lsc")
