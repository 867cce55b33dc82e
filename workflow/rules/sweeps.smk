# Sweeps over the settings of the mask problem: every setting is a variant of the rule solve_masks.


rule topk_gamma:
    input:
        scores=expand(rules.score_grid.output.scores, dataset=DATASETS),
        settings=expand(rules.score_grid.output.record, dataset=DATASETS),
        code=code("topk_gamma"),
    output:
        png=in_report(f"{OUT}/figures/topk_gamma.png", "Top k against gamma"),
        pdf=f"{OUT}/figures/topk_gamma.pdf",
        csv=in_report(f"{OUT}/tables/topk_gamma.csv", "Top k against gamma"),
        tex=f"{OUT}/tables/topk_gamma.tex",
        record=f"{OUT}/tables/topk_gamma.json",
    log:
        f"{OUT}/logs/topk_gamma.log",
    benchmark:
        f"{OUT}/benchmarks/topk_gamma.tsv"
    conda:
        "../../environment.yml"
    params:
        config=frozen("topk_gamma", "mnist"),
        io=paths,
        shown=shown("topk_gamma"),
    message:
        "{rule} {wildcards}"
    shell:
        job("topk_gamma")


rule ablations:
    input:
        scores=expand(rules.score_grid.output.scores, dataset=DATASETS),
        settings=expand(rules.score_grid.output.record, dataset=DATASETS),
        code=code("ablations"),
    output:
        csv=in_report(
            f"{OUT}/tables/ablations.csv",
            "Window, ranking and scoring, one changed at a time",
        ),
        tex=f"{OUT}/tables/ablations.tex",
        record=f"{OUT}/tables/ablations.json",
    log:
        f"{OUT}/logs/ablations.log",
    benchmark:
        f"{OUT}/benchmarks/ablations.tsv"
    conda:
        "../../environment.yml"
    params:
        config=frozen("ablations", "mnist"),
        io=paths,
        shown=shown("ablations"),
    message:
        "{rule} {wildcards}"
    shell:
        job("ablations")


rule topk_gamma_masks:
    input:
        data=f"{OUT}/prepare_{{dataset}}/data.npz",
        attribution=f"{OUT}/attribute/{{dataset}}/0.npz",
        masks=lambda wildcards: of_grid(
            wildcards, rules.solve_masks.output.masks, grid_variants
        ),
        settings=lambda wildcards: of_grid(
            wildcards, rules.solve_masks.output.record, grid_variants
        ),
        code=code("topk_gamma_masks"),
    output:
        png=in_report(
            f"{OUT}/figures/masks_topk_gamma_{{dataset}}.png",
            "Masks by top k and gamma, {dataset}",
        ),
        pdf=f"{OUT}/figures/masks_topk_gamma_{{dataset}}.pdf",
        record=f"{OUT}/figures/masks_topk_gamma_{{dataset}}.json",
    log:
        f"{OUT}/logs/topk_gamma_masks/{{dataset}}.log",
    benchmark:
        f"{OUT}/benchmarks/topk_gamma_masks/{{dataset}}.tsv"
    conda:
        "../../environment.yml"
    params:
        config=frozen("topk_gamma_masks"),
        io=paths,
        shown=shown("masks_topk_gamma"),
    message:
        "{rule} {wildcards}"
    shell:
        job("topk_gamma_masks")


rule distinct_masks:
    input:
        data=f"{OUT}/prepare_{{dataset}}/data.npz",
        attribution=f"{OUT}/attribute/{{dataset}}/0.npz",
        code=code("distinct_masks"),
    output:
        png=in_report(
            f"{OUT}/figures/distinct_masks_{{dataset}}.png",
            "Distinct smallest masks, {dataset}",
        ),
        pdf=f"{OUT}/figures/distinct_masks_{{dataset}}.pdf",
        csv=in_report(
            f"{OUT}/tables/distinct_masks_{{dataset}}.csv",
            "Overlap of distinct smallest masks, {dataset}",
        ),
        tex=f"{OUT}/tables/distinct_masks_{{dataset}}.tex",
        record=f"{OUT}/figures/distinct_masks_{{dataset}}.json",
    log:
        f"{OUT}/logs/distinct_masks/{{dataset}}.log",
    benchmark:
        f"{OUT}/benchmarks/distinct_masks/{{dataset}}.tsv"
    conda:
        "../../environment.yml"
    params:
        config=frozen("distinct_masks"),
        io=paths,
        shown=shown("distinct_masks"),
    message:
        "{rule} {wildcards}"
    shell:
        job("distinct_masks")
