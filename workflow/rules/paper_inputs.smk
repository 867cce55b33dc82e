# What the papers' own figures and tables are of: digits, reviews, and photographs of two cats.


def in_paper(name):
    """First dataset of the run in a format; the papers' own figures are of it.

    Where the run has none, the first of conf/: its figures can still be asked for by their names.
    """
    return (RUN.in_format(name) or in_format(name))[:1]


DIGITS = in_paper("mnist")
REVIEWS = in_paper("beer")
CATS = in_paper("imagenet")


def digits_drawn(path, encoding, setting):
    """A path of masks or maps of the digits that a figure draws, in the setting that it draws."""

    def drawn(usual):
        return [setting(usual, encoding)]

    return RUN.files(path, DIGITS, drawn, variants.first_shard)


def digits_with_masks(setting):
    """Named inputs of a figure of digits: the first ones and their masks of both encodings."""
    masks = rules.solve_masks.output.masks
    return {
        "attribution": RUN.files(
            rules.attribute.output.arrays, DIGITS, in_shards=variants.first_shard
        ),
        "network_masks": digits_drawn(masks, "network", setting),
        "smug_masks": digits_drawn(masks, "first_layer", setting),
    }


def with_robust_sets(path):
    """A path of the rule robust_explain for the digits whose robust sets are looked for."""
    return RUN.files(path, DIGITS, in_shards=variants.robust_shards)


def first_reviews():
    """Named inputs of the first reviews: SMUG's masks and maps, and other methods' maps."""

    def paths(path, of_variants=variants.main_variant):
        return RUN.files(path, REVIEWS, of_variants, variants.first_shard)

    return {
        "data": for_each(rules.prepare_beer.output.data, REVIEWS),
        "attribution": paths(rules.attribute.output.arrays),
        "masks": paths(rules.solve_masks.output.masks, variants.both_gammas),
        "smug_maps": paths(rules.saliency.output.maps, variants.both_gammas),
        "maps": paths(rules.explain.output.maps, variants.compared),
        "settings": paths(rules.explain.output.record, variants.compared),
    }
