# Every figure and table; each reads results only.


rule models:
    input:
        metrics=[rules.train_mnist_mlp.output.metrics],
        code=code("models"),
    output:
        csv=f"{OUT}/tables/models.csv",
        tex=f"{OUT}/tables/models.tex",
        record=f"{OUT}/tables/models.json",
    log:
        f"{OUT}/logs/models.log",
    benchmark:
        f"{OUT}/benchmarks/models.tsv"
    conda:
        "smug"
    params:
        config=frozen("models", "mnist"),
        io=paths,
    shell:
        job("models")


rule completeness:
    input:
        arrays=every_shard(rules.attribute.output.arrays),
        settings=every_shard(rules.attribute.output.record),
        code=code("completeness"),
    output:
        csv=f"{OUT}/tables/completeness.csv",
        tex=f"{OUT}/tables/completeness.tex",
        record=f"{OUT}/tables/completeness.json",
    log:
        f"{OUT}/logs/completeness.log",
    benchmark:
        f"{OUT}/benchmarks/completeness.tsv"
    conda:
        "smug"
    params:
        config=frozen("completeness", "mnist"),
        io=paths,
    shell:
        job("completeness")


rule mnist_masks:
    input:
        scores=rules.score_masks.output.scores,
        code=code("mnist_masks"),
    output:
        csv=f"{OUT}/tables/mnist_masks.csv",
        tex=f"{OUT}/tables/mnist_masks.tex",
        record=f"{OUT}/tables/mnist_masks.json",
    log:
        f"{OUT}/logs/mnist_masks.log",
    benchmark:
        f"{OUT}/benchmarks/mnist_masks.tsv"
    conda:
        "smug"
    params:
        config=frozen("mnist_masks", "mnist"),
        io=paths,
    shell:
        job("mnist_masks")


rule mnist_ood:
    input:
        attribution=f"{OUT}/attribute/mnist/0.npz",
        network_masks=figure_file("solve_masks", "network"),
        smug_masks=figure_file("solve_masks", "first_layer"),
        maps=figure_file("saliency", "first_layer"),
        scores=rules.score_masks.output.scores,
        code=code("mnist_ood"),
    output:
        png=f"{OUT}/figures/mnist_ood.png",
        pdf=f"{OUT}/figures/mnist_ood.pdf",
        record=f"{OUT}/figures/mnist_ood.json",
    log:
        f"{OUT}/logs/mnist_ood.log",
    benchmark:
        f"{OUT}/benchmarks/mnist_ood.tsv"
    conda:
        "smug"
    params:
        config=frozen("mnist_ood", "mnist"),
        io=paths,
    shell:
        job("mnist_ood")


rule solvers:
    input:
        scores=timings(),
        code=code("solvers"),
    output:
        csv=f"{OUT}/tables/solvers.csv",
        tex=f"{OUT}/tables/solvers.tex",
        record=f"{OUT}/tables/solvers.json",
    log:
        f"{OUT}/logs/solvers.log",
    benchmark:
        f"{OUT}/benchmarks/solvers.tsv"
    conda:
        "smug"
    params:
        config=frozen("solvers", "mnist"),
        io=paths,
    shell:
        job("solvers")


rule solver_scaling:
    input:
        scores=timings(),
        code=code("solver_scaling"),
    output:
        png=f"{OUT}/figures/solver_scaling.png",
        pdf=f"{OUT}/figures/solver_scaling.pdf",
        record=f"{OUT}/figures/solver_scaling.json",
    log:
        f"{OUT}/logs/solver_scaling.log",
    benchmark:
        f"{OUT}/benchmarks/solver_scaling.tsv"
    conda:
        "smug"
    params:
        config=frozen("solver_scaling", "mnist"),
        io=paths,
    shell:
        job("solver_scaling")
