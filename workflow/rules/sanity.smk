# Sanity checks of every method: measured on changed networks, drawn and tabulated.


use rule stage as score_sanity with:
    input:
        data=f"{OUT}/prepare_{{dataset}}/data.npz",
        model=network,
    output:
        scores=f"{OUT}/score_sanity/{{dataset}}/{{variant}}/{{shard}}.parquet",
        maps=f"{OUT}/score_sanity/{{dataset}}/{{variant}}/{{shard}}.npz",
        record=f"{OUT}/score_sanity/{{dataset}}/{{variant}}/{{shard}}.json",
    log:
        f"{OUT}/logs/score_sanity/{{dataset}}-{{variant}}-{{shard}}.log",
    params:
        **job("score_sanity", sharded=True),


use rule stage as sanity with:
    input:
        scores=checked(rules.score_sanity.output.scores),
    output:
        **table("sanity", "Sanity checks"),
        record=f"{OUT}/tables/sanity.json",
    log:
        f"{OUT}/logs/sanity.log",
    params:
        **captioned("sanity"),


use rule stage as stability with:
    input:
        scores=checked(rules.score_sanity.output.scores),
    output:
        **table("stability", "Measures that explain again"),
        record=f"{OUT}/tables/stability.json",
    log:
        f"{OUT}/logs/stability.log",
    params:
        **captioned("stability"),


use rule stage as sanity_randomisation with:
    input:
        scores=checked(rules.score_sanity.output.scores),
        maps=checked(rules.score_sanity.output.maps),
        settings=checked(rules.score_sanity.output.record),
    output:
        **figure("sanity_randomisation", "Maps of randomised networks"),
        record=f"{OUT}/figures/sanity_randomisation.json",
    log:
        f"{OUT}/logs/sanity_randomisation.log",
    params:
        **captioned("sanity_randomisation"),


use rule stage as sanity_perturbation with:
    input:
        scores=checked(rules.score_sanity.output.scores),
    output:
        **figure("sanity_perturbation", "Maps of perturbed networks"),
        record=f"{OUT}/figures/sanity_perturbation.json",
    log:
        f"{OUT}/logs/sanity_perturbation.log",
    params:
        **captioned("sanity_perturbation"),
