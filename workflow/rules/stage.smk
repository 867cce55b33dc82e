# The rule that all others are made of: each adds its stage, its files, its log and its timing.
import os
import shlex
import sys

from smug.jobs.parent import VARIABLE as PARENT
from smug.warm.launch import start_server

# Jobs end with Snakemake, also where it is killed. They run with its Python, also where its
# environment is not activated, unless they have one of their own (--sdm conda, apptainer).
HERE = shlex.quote(os.path.dirname(sys.executable))
DEPLOYED = workflow.deployment_settings.deployment_method
PYTHON_FIRST = "" if DEPLOYED else f'export PATH={HERE}:"$PATH"; '
shell.prefix(f"{PYTHON_FIRST}export {PARENT}=$PPID; ")


# Jobs of this machine and this environment are forks of one process: they start at once.
onstart:
    if not DEPLOYED and not workflow.non_local_exec:
        start_server()
    if not workflow.non_local_exec:
        # Snakemake's limit of 100 jobs a second has it look for jobs to start once a second for each
        # job that has ended, all at the same time: after some hundred it does nothing else.
        workflow.scheduler.job_rate_limiter = None


rule stage:
    log:
        f"{OUT}/logs/stage.log",
    conda:
        "../../environment.yml"
    container:
        config.get("container")
    params:
        io=paths,
    message:
        "{rule} {wildcards}"
    shell:
        "python -m smug.warm {params.stage} threads={threads} "
        "{params.config:q} {params.io:q} > {log} 2>&1"
