# Every figure; each reads results only.


rule mnist_ood:
    input:
        attribution=f"{OUT}/attribute/mnist/0.npz",
        network_masks=figure_file("solve_masks", "network"),
        smug_masks=figure_file("solve_masks", "first_layer"),
        maps=figure_file("saliency", "first_layer"),
        scores=rules.score_masks.output.scores,
        code=code("mnist_ood"),
    output:
        png=in_report(
            f"{OUT}/figures/mnist_ood.png",
            "Masks of whole networks are out of distribution",
        ),
        pdf=f"{OUT}/figures/mnist_ood.pdf",
        record=f"{OUT}/figures/mnist_ood.json",
    log:
        f"{OUT}/logs/mnist_ood.log",
    benchmark:
        f"{OUT}/benchmarks/mnist_ood.tsv"
    conda:
        "../../environment.yml"
    params:
        config=frozen("mnist_ood", "mnist"),
        io=paths,
        shown=shown("mnist_ood", ["mnist"]),
    message:
        "{rule} {wildcards}"
    shell:
        job("mnist_ood")


rule solver_scaling:
    input:
        scores=timings(),
        code=code("solver_scaling"),
    output:
        png=in_report(f"{OUT}/figures/solver_scaling.png", "Seconds of every solver"),
        pdf=f"{OUT}/figures/solver_scaling.pdf",
        record=f"{OUT}/figures/solver_scaling.json",
    log:
        f"{OUT}/logs/solver_scaling.log",
    benchmark:
        f"{OUT}/benchmarks/solver_scaling.tsv"
    conda:
        "../../environment.yml"
    params:
        config=frozen("solver_scaling", "mnist"),
        io=paths,
        shown=shown("solver_scaling"),
    message:
        "{rule} {wildcards}"
    shell:
        job("solver_scaling")
