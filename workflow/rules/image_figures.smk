# Figures of photographs; each reads results only.


rule image_saliency:
    input:
        **photographs("attribution", "masks", "smug_maps", "scores"),
        maps=methods_shown(rules.explain.output.maps),
        settings=methods_shown(rules.explain.output.record),
        code=code("image_saliency"),
    output:
        png=in_report(
            f"{OUT}/figures/image_saliency.png", "Saliency maps of every method"
        ),
        pdf=f"{OUT}/figures/image_saliency.pdf",
        record=f"{OUT}/figures/image_saliency.json",
    log:
        f"{OUT}/logs/image_saliency.log",
    benchmark:
        f"{OUT}/benchmarks/image_saliency.tsv"
    conda:
        "../../environment.yml"
    params:
        config=frozen("image_saliency", "imagenet"),
        io=paths,
        shown=shown("image_saliency", ["imagenet"]),
    message:
        "{rule} {wildcards}"
    shell:
        job("image_saliency")


rule smug_steps:
    input:
        **photographs("attribution", "masks", "smug_maps"),
        code=code("smug_steps"),
    output:
        png=in_report(f"{OUT}/figures/smug_steps.png", "SMUG step by step"),
        pdf=f"{OUT}/figures/smug_steps.pdf",
        record=f"{OUT}/figures/smug_steps.json",
    log:
        f"{OUT}/logs/smug_steps.log",
    benchmark:
        f"{OUT}/benchmarks/smug_steps.tsv"
    conda:
        "../../environment.yml"
    params:
        config=frozen("smug_steps", "imagenet"),
        io=paths,
        shown=shown("smug_steps", ["imagenet"]),
    message:
        "{rule} {wildcards}"
    shell:
        job("smug_steps")


rule ig_baselines:
    input:
        **photographs("attribution"),
        maps=methods_shown(rules.explain.output.maps, "ig_"),
        settings=methods_shown(rules.explain.output.record, "ig_"),
        code=code("ig_baselines"),
    output:
        png=in_report(
            f"{OUT}/figures/ig_baselines.png",
            "Integrated Gradients, black and white baseline",
        ),
        pdf=f"{OUT}/figures/ig_baselines.pdf",
        record=f"{OUT}/figures/ig_baselines.json",
    log:
        f"{OUT}/logs/ig_baselines.log",
    benchmark:
        f"{OUT}/benchmarks/ig_baselines.tsv"
    conda:
        "../../environment.yml"
    params:
        config=frozen("ig_baselines", "imagenet"),
        io=paths,
        shown=shown("ig_baselines", ["imagenet"]),
    message:
        "{rule} {wildcards}"
    shell:
        job("ig_baselines")


rule optbox:
    input:
        **photographs("attribution", "masks", "smug_maps", "scores"),
        code=code("optbox"),
    output:
        png=in_report(f"{OUT}/figures/optbox.png", "Boxes of SMUG and OptBox"),
        pdf=f"{OUT}/figures/optbox.pdf",
        record=f"{OUT}/figures/optbox.json",
    log:
        f"{OUT}/logs/optbox.log",
    benchmark:
        f"{OUT}/benchmarks/optbox.tsv"
    conda:
        "../../environment.yml"
    params:
        config=frozen("optbox", "imagenet"),
        io=paths,
        shown=shown("optbox", ["imagenet"]),
    message:
        "{rule} {wildcards}"
    shell:
        job("optbox")


rule two_cats:
    input:
        **photographs(),
        model=model_file("imagenet"),
        code=code("two_cats"),
    output:
        png=in_report(f"{OUT}/figures/two_cats.png", "Two cats"),
        pdf=f"{OUT}/figures/two_cats.pdf",
        csv=in_report(f"{OUT}/tables/two_cats.csv", "Two cats"),
        tex=f"{OUT}/tables/two_cats.tex",
        record=f"{OUT}/figures/two_cats.json",
    log:
        f"{OUT}/logs/two_cats.log",
    benchmark:
        f"{OUT}/benchmarks/two_cats.tsv"
    conda:
        "../../environment.yml"
    params:
        config=frozen("two_cats", "imagenet"),
        io=paths,
        shown=shown("two_cats", ["imagenet"]),
    message:
        "{rule} {wildcards}"
    shell:
        job("two_cats")
