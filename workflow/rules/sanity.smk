# Sanity checks of every method: measured on changed networks, drawn and tabulated.


rule sanity:
    input:
        data=f"{OUT}/prepare_{{dataset}}/data.npz",
        model=lambda wildcards: model_file(wildcards.dataset, wildcards.variant),
        code=code("sanity"),
    output:
        scores=f"{OUT}/sanity/{{dataset}}/{{variant}}/{{shard}}.parquet",
        maps=f"{OUT}/sanity/{{dataset}}/{{variant}}/{{shard}}.npz",
        record=f"{OUT}/sanity/{{dataset}}/{{variant}}/{{shard}}.json",
    log:
        f"{OUT}/logs/sanity/{{dataset}}-{{variant}}-{{shard}}.log",
    benchmark:
        f"{OUT}/benchmarks/sanity/{{dataset}}-{{variant}}-{{shard}}.tsv"
    conda:
        "../../environment.yml"
    params:
        config=frozen("sanity"),
        io=paths,
    message:
        "{rule} {wildcards}"
    shell:
        job("sanity", sharded=True)


rule sanity_table:
    input:
        scores=checked(rules.sanity.output.scores),
        code=code("sanity_table"),
    output:
        csv=in_report(f"{OUT}/tables/sanity.csv", "Sanity checks"),
        tex=f"{OUT}/tables/sanity.tex",
        record=f"{OUT}/tables/sanity.json",
    log:
        f"{OUT}/logs/sanity_table.log",
    benchmark:
        f"{OUT}/benchmarks/sanity_table.tsv"
    conda:
        "../../environment.yml"
    params:
        config=frozen("sanity_table", "mnist"),
        io=paths,
        shown=shown("sanity"),
    message:
        "{rule} {wildcards}"
    shell:
        job("sanity_table")


rule sanity_randomisation:
    input:
        scores=checked(rules.sanity.output.scores),
        maps=checked(rules.sanity.output.maps),
        settings=checked(rules.sanity.output.record),
        code=code("sanity_randomisation"),
    output:
        png=in_report(
            f"{OUT}/figures/sanity_randomisation.png", "Maps of randomised networks"
        ),
        pdf=f"{OUT}/figures/sanity_randomisation.pdf",
        record=f"{OUT}/figures/sanity_randomisation.json",
    log:
        f"{OUT}/logs/sanity_randomisation.log",
    benchmark:
        f"{OUT}/benchmarks/sanity_randomisation.tsv"
    conda:
        "../../environment.yml"
    params:
        config=frozen("sanity_randomisation", "mnist"),
        io=paths,
        shown=shown("sanity_randomisation"),
    message:
        "{rule} {wildcards}"
    shell:
        job("sanity_randomisation")


rule sanity_perturbation:
    input:
        scores=checked(rules.sanity.output.scores),
        code=code("sanity_perturbation"),
    output:
        png=in_report(
            f"{OUT}/figures/sanity_perturbation.png", "Maps of perturbed networks"
        ),
        pdf=f"{OUT}/figures/sanity_perturbation.pdf",
        record=f"{OUT}/figures/sanity_perturbation.json",
    log:
        f"{OUT}/logs/sanity_perturbation.log",
    benchmark:
        f"{OUT}/benchmarks/sanity_perturbation.tsv"
    conda:
        "../../environment.yml"
    params:
        config=frozen("sanity_perturbation", "mnist"),
        io=paths,
        shown=shown("sanity_perturbation"),
    message:
        "{rule} {wildcards}"
    shell:
        job("sanity_perturbation")
