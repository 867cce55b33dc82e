# Which settings the caption of each result names.


def shown(caption, datasets=None, variant="main"):
    """Params function: the settings that a caption names, one line for each dataset.

    A job of one dataset names its own.
    """

    def params(wildcards):
        named = [wildcards.dataset] if "dataset" in wildcards.keys() else datasets
        chosen = DATASETS if named is None else named
        return settings_shown(caption, RUN, chosen, variant)

    return params
