# Output paths: results/<run>/<rule>/<dataset>/<variant>/<shard>.<ext>; a part that a rule does not
# vary is left out. <run> is workflow.run, <variant> is "main" or overrides joined by commas
# (method.window=1,solver=z3), <shard> a running number. Tables and figures stand in
# results/<run>/tables and results/<run>/figures, logs in logs/<rule>, timings in benchmarks/<rule>.
from snakemake.utils import min_version

min_version("9.1")


include: "workflow/rules/common.smk"
include: "workflow/rules/selection.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/models.smk"
include: "workflow/rules/explain.smk"
include: "workflow/rules/score.smk"
include: "workflow/rules/tables.smk"
include: "workflow/rules/figures.smk"


rule all:
    default_target: True
    input:
        rules.models.output,
        rules.completeness.output,
        rules.mnist_masks.output,
        rules.mnist_ood.output,
        rules.network_limits.output,
        rules.solvers.output,
        rules.solver_scaling.output,
