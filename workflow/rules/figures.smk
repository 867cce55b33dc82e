# Figures of photographs, and of the methods' maps of all pictures; each reads results only.

# The photographs that Integrated Gradients from some baseline explain.
WITH_IG = [
    dataset
    for dataset in PHOTOGRAPHS
    if variants.compared_baselines(RUN.settings(dataset))
]


use rule stage as image_saliency with:
    input:
        **photographs("attribution", "masks", "smug_maps", "scores"),
        maps=of_shown(rules.explain.output.maps, variants.compared),
        settings=of_shown(rules.explain.output.record, variants.compared),
    output:
        **figure("image_saliency", "Saliency maps of every method"),
        record=f"{OUT}/figures/image_saliency.json",
    log:
        f"{OUT}/logs/image_saliency.log",
    params:
        **captioned("image_saliency", PHOTOGRAPHS),


use rule stage as image_metrics with:
    input:
        scores=RUN.files(rules.score_images.output.scores, PICTURES),
        settings=RUN.files(rules.score_images.output.record, PICTURES),
    output:
        **figure("image_metrics", "Ranks of every method under the field's measures"),
        **table("image_metrics", "Every method under the field's measures"),
        record=f"{OUT}/figures/image_metrics.json",
    log:
        f"{OUT}/logs/image_metrics.log",
    params:
        **captioned("image_metrics", PICTURES),


use rule stage as smug_steps with:
    input:
        **photographs("attribution", "masks", "smug_maps"),
    output:
        **figure("smug_steps", "SMUG step by step"),
        record=f"{OUT}/figures/smug_steps.json",
    log:
        f"{OUT}/logs/smug_steps.log",
    params:
        **captioned("smug_steps", PHOTOGRAPHS),


use rule stage as ig_baselines with:
    input:
        **photographs("attribution"),
        maps=of_shown(rules.explain.output.maps, variants.compared_baselines),
        settings=of_shown(rules.explain.output.record, variants.compared_baselines),
    output:
        **figure("ig_baselines", "Integrated Gradients, black and white baseline"),
        record=f"{OUT}/figures/ig_baselines.json",
    log:
        f"{OUT}/logs/ig_baselines.log",
    params:
        **captioned("ig_baselines", WITH_IG),


use rule stage as optbox with:
    input:
        **photographs("attribution", "masks", "smug_maps", "scores"),
    output:
        **figure("optbox", "Boxes of SMUG and OptBox"),
        record=f"{OUT}/figures/optbox.json",
    log:
        f"{OUT}/logs/optbox.log",
    params:
        **captioned("optbox", PHOTOGRAPHS),


use rule stage as two_cats with:
    input:
        data=expand(f"{OUT}/prepare_{{dataset}}/data.npz", dataset=CATS),
        model=[RUN.network(dataset) for dataset in CATS],
    output:
        **figure("two_cats", "Two cats"),
        **table("two_cats", "Two cats"),
        record=f"{OUT}/figures/two_cats.json",
    log:
        f"{OUT}/logs/two_cats.log",
    params:
        **captioned("two_cats", CATS),


use rule stage as ggig with:
    input:
        data=expand(f"{OUT}/prepare_{{dataset}}/data.npz", dataset=DISTINCT),
        maps=guided(rules.explain.output.maps),
        settings=guided(rules.explain.output.record),
    output:
        **figure("ggig", "Geometrically Guided Integrated Gradients"),
        record=f"{OUT}/figures/ggig.json",
    log:
        f"{OUT}/logs/ggig.log",
    params:
        **captioned("ggig", DISTINCT, "explainer=geometric_ensemble"),
