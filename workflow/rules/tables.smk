# Every table, as CSV and LaTeX.


rule models:
    input:
        metrics=trained_metrics(),
        code=code("models"),
    output:
        csv=in_report(f"{OUT}/tables/models.csv", "Networks"),
        tex=f"{OUT}/tables/models.tex",
        record=f"{OUT}/tables/models.json",
    log:
        f"{OUT}/logs/models.log",
    benchmark:
        f"{OUT}/benchmarks/models.tsv"
    conda:
        "../../environment.yml"
    params:
        config=frozen("models", "mnist"),
        io=paths,
        shown=shown("models"),
    message:
        "{rule} {wildcards}"
    shell:
        job("models")


rule completeness:
    input:
        arrays=every_shard(rules.attribute.output.arrays),
        settings=every_shard(rules.attribute.output.record),
        code=code("completeness"),
    output:
        csv=in_report(
            f"{OUT}/tables/completeness.csv", "Completeness of the attributions"
        ),
        tex=f"{OUT}/tables/completeness.tex",
        record=f"{OUT}/tables/completeness.json",
    log:
        f"{OUT}/logs/completeness.log",
    benchmark:
        f"{OUT}/benchmarks/completeness.tsv"
    conda:
        "../../environment.yml"
    params:
        config=frozen("completeness", "mnist"),
        io=paths,
        shown=shown("completeness"),
    message:
        "{rule} {wildcards}"
    shell:
        job("completeness")


rule mnist_masks:
    input:
        scores=rules.score_masks.output.scores,
        code=code("mnist_masks"),
    output:
        csv=in_report(f"{OUT}/tables/mnist_masks.csv", "Masks of digits"),
        tex=f"{OUT}/tables/mnist_masks.tex",
        record=f"{OUT}/tables/mnist_masks.json",
    log:
        f"{OUT}/logs/mnist_masks.log",
    benchmark:
        f"{OUT}/benchmarks/mnist_masks.tsv"
    conda:
        "../../environment.yml"
    params:
        config=frozen("mnist_masks", "mnist"),
        io=paths,
        shown=shown("mnist_masks", ["mnist"]),
    message:
        "{rule} {wildcards}"
    shell:
        job("mnist_masks")


rule network_limits:
    input:
        digits=rules.prepare_mnist.output.digits,
        code=code("network_limits"),
    output:
        csv=in_report(
            f"{OUT}/tables/network_limits.csv", "Limits of the whole-network encoding"
        ),
        tex=f"{OUT}/tables/network_limits.tex",
        record=f"{OUT}/tables/network_limits.json",
    log:
        f"{OUT}/logs/network_limits.log",
    benchmark:
        f"{OUT}/benchmarks/network_limits.tsv"
    conda:
        "../../environment.yml"
    params:
        config=frozen("network_limits", "mnist"),
        io=paths,
        shown=shown("network_limits", ["mnist"]),
    message:
        "{rule} {wildcards}"
    shell:
        job("network_limits")


rule solvers:
    input:
        scores=timings(),
        code=code("solvers"),
    output:
        csv=in_report(f"{OUT}/tables/solvers.csv", "Solvers"),
        tex=f"{OUT}/tables/solvers.tex",
        record=f"{OUT}/tables/solvers.json",
    log:
        f"{OUT}/logs/solvers.log",
    benchmark:
        f"{OUT}/benchmarks/solvers.tsv"
    conda:
        "../../environment.yml"
    params:
        config=frozen("solvers", "mnist"),
        io=paths,
        shown=shown("solvers"),
    message:
        "{rule} {wildcards}"
    shell:
        job("solvers")
