# Which files of the user's own the rules read, and for which datasets each rule is.
from smug.datasets.own.sources import is_function


def own_root(wildcards):
    """Input function: the folder or file of a dataset of the user's own."""
    return RUN.settings(wildcards.dataset)["dataset"]["root"]


def own_file(wildcards):
    """Input function: the file of a network of the user's own, none where a function makes it."""
    file = RUN.settings(wildcards.dataset)["model"]["file"]
    return [] if is_function(file) else [file]
