# The rule that all others are made of: each adds its stage, its files, its log and its timing.


rule stage:
    log:
        f"{OUT}/logs/stage.log",
    conda:
        "../../environment.yml"
    params:
        io=paths,
    message:
        "{rule} {wildcards}"
    shell:
        "python -m smug.stages.{params.stage} threads={threads} "
        "{params.config:q} {params.io:q} > {log} 2>&1"
