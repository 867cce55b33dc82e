# The workflow is where catalogues of workflows look for it: workflow/Snakefile.
include: "workflow/Snakefile"


# An included file's default target is not the including file's.
workflow.default_target = "all"
