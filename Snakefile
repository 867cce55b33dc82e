# Output paths: results/<run>/<rule>/<dataset>/<variant>/<shard>.<ext>; a part that a rule does not
# vary is left out. <run> is workflow.run, <variant> is "main" or overrides joined by "+"
# (method.window=1+solver=z3), <shard> a running number. Tables and figures stand in
# results/<run>/tables and results/<run>/figures, logs in logs/<rule>, timings in benchmarks/<rule>.
from snakemake.utils import min_version

min_version("9.1")


include: "workflow/rules/common.smk"
include: "workflow/rules/inputs.smk"
include: "workflow/rules/stage.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/models.smk"
include: "workflow/rules/explain.smk"
include: "workflow/rules/score.smk"
include: "workflow/rules/sweeps.smk"
include: "workflow/rules/sanity.smk"
include: "workflow/rules/robust.smk"
include: "workflow/rules/reviews.smk"
include: "workflow/rules/gallery.smk"
include: "workflow/rules/figures.smk"


rule all:
    default_target: True
    input:
        all_asked(),
