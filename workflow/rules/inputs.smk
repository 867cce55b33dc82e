# Which files the rules ask for: paths of other rules for datasets, their variants and shards.

# The photographs and all pictures, once for each network; pictures, each for its first network.
PHOTOGRAPHS = RUN.of_kind("photographs") or CATS
PICTURES = RUN.of_kind("images")
DISTINCT = [dataset for dataset in PICTURES if dataset in DATASETS]


def chosen(wildcards):
    """Settings of a job's dataset and variant."""
    return RUN.settings(wildcards.dataset, wildcards.get("variant", "main"))


def network(wildcards):
    """Input function: the network that explains a job's dataset in its variant."""
    return RUN.network(wildcards.dataset, wildcards.get("variant", "main"))


def made_for(path):
    """Input function: a rule's path for the dataset for which a job's network is made."""
    return lambda wildcards: for_each(path, [RUN.made_for(wildcards.model)])


def own(path, of_variants=variants.main_variant, in_shards=None):
    """Input function: a rule's path for a job's dataset; for its shard where none are given."""

    def files(wildcards):
        asked = in_shards or (lambda _: [wildcards.shard])
        return RUN.files(path, [wildcards.dataset], of_variants, asked)

    return files


def start_masks(wildcards):
    """Masks that a search starts from: those of the setting next to it in the sweeps."""
    usual = RUN.settings(wildcards.dataset)
    start = variants.start_variant(usual, wildcards.variant)
    swept = int(wildcards.shard) in variants.grid_shards(usual)
    known = [start] if start and swept else []
    return own(rules.solve_masks.output.masks, lambda _: known)(wildcards)


def on_grid(path):
    """Input function: a path of the rule solve_masks for the grid of a dataset's first inputs."""
    return own(path, variants.grid_variants, variants.first_shard)


def swept(path, datasets):
    """A path of the rule score_grid for some datasets, in the shards that the sweeps use."""
    return RUN.files(path, datasets, in_shards=variants.grid_shards)


def replaced(path):
    """A path of the rule solve_masks for each replacement of the sweeps of all pictures."""
    return RUN.files(
        path, DISTINCT, variants.replacement_variants, variants.first_shard
    )


def timings(path):
    """A path of the rule time_solvers, for every dataset and each of its solvers."""
    return RUN.files(path, DATASETS, variants.timed, variants.first_shard)


def of_shown(path, of_variants=variants.main_variant):
    """A rule's path for the shards that hold the photographs shown in figures."""
    return RUN.files(path, PHOTOGRAPHS, of_variants, variants.shown_shards)


def photographs(*names):
    """The photographs and what a figure needs to know of those it shows, as named inputs.

    Of each network; the records say which files are of which.
    """
    known = {
        "attribution": rules.attribute.output.arrays,
        "masks": rules.solve_masks.output.masks,
        "smug_maps": rules.saliency.output.maps,
        "scores": rules.score_images.output.scores,
    }
    shown_of = {name: of_shown(known[name]) for name in names}
    return {
        "data": expand(f"{OUT}/prepare_{{dataset}}/data.npz", dataset=PHOTOGRAPHS),
        "prepared": expand(
            f"{OUT}/prepare_{{dataset}}/record.json", dataset=PHOTOGRAPHS
        ),
        "attributed": of_shown(rules.attribute.output.record),
        **shown_of,
    }


def guided(path):
    """A path of the rule explain, for every network and method of the figure of GGIG."""
    return RUN.files(path, DISTINCT, variants.guided_variants, variants.first_shard)


def checked(path):
    """A path of the rule score_sanity, for every dataset, each of its networks and shards."""
    return RUN.files(path, DATASETS, variants.sanity_variants, variants.sanity_shards)


def in_gallery(path, of_variants=variants.main_variant):
    """Input function: a rule's path for the shards that hold the gallery's inputs."""
    return own(path, of_variants, variants.gallery_shards)


def gallery_shows(scored):
    """Named inputs of the gallery: what it shows of every method, and records, of `scored` too."""

    def records(wildcards):
        made = [rules.attribute, rules.solve_masks, rules.saliency, *scored(wildcards)]
        found = [in_gallery(rule.output.record)(wildcards) for rule in made]
        of_inputs = f"{OUT}/prepare_{wildcards.dataset}/record.json"
        return [of_inputs, *(path for paths in found for path in paths)]

    return {
        "data": f"{OUT}/prepare_{{dataset}}/data.npz",
        "attribution": in_gallery(rules.attribute.output.arrays),
        "masks": in_gallery(rules.solve_masks.output.masks),
        "smug_maps": in_gallery(rules.saliency.output.maps),
        "maps": in_gallery(rules.explain.output.maps, variants.compared),
        "settings": in_gallery(rules.explain.output.record, variants.compared),
        "records": records,
    }


def scored_texts(wildcards):
    """Rules behind the measures of a dataset's texts."""
    own_texts = wildcards.dataset in OWN_TEXTS
    measured = rules.score_words if own_texts else rules.score_texts
    return [rules.sufficient_words, measured]


def text_scores(wildcards):
    """Input function: measures of the texts in the gallery."""
    return in_gallery(scored_texts(wildcards)[-1].output.scores)(wildcards)
