# Which inputs the gallery page shows.


def in_gallery(path):
    """Input function: a rule's path for the shards that hold the gallery's inputs."""

    def files(wildcards):
        inputs = settings(wildcards.dataset)["gallery"]["inputs"]
        return first_shards(path, wildcards.dataset, inputs)

    return files


def methods_in_gallery(path):
    """Input function: the same of the rule explain, for every method compared."""

    def files(wildcards):
        return [
            one
            for variant in explainers(wildcards.dataset)
            for one in in_gallery(str(path).replace("{variant}", variant))(wildcards)
        ]

    return files


def texts_in_gallery(path):
    """A rule's path for the shards that hold the gallery's reviews."""
    return first_shards(path, "beer", settings("beer")["gallery"]["inputs"])


def text_methods_in_gallery(path):
    """The same of the rule explain, for every method compared on the reviews."""
    return [
        one
        for variant in explainers("beer")
        for one in texts_in_gallery(str(path).replace("{variant}", variant))
    ]
