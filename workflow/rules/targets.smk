# Which results the whole run asks for.

#: What each dataset asks for.
TARGETS = {
    "mnist": [
        rules.mnist_masks.output,
        rules.mnist_ood.output,
        rules.network_limits.output,
    ],
    "imagenet": [
        rules.image_lsc.output,
        rules.image_saliency.output,
        rules.smug_steps.output,
        rules.ig_baselines.output,
        rules.optbox.output,
        rules.two_cats.output,
    ],
    "beer": [
        rules.text_rationales.output,
        rules.text_saliency.output,
    ],
}

#: What only pictures allow.
OF_PICTURES = (
    [
        rules.ggig.output,
        rules.attribution_curves.output,
    ]
    if PICTURES
    else []
)

#: What is made for all datasets of the run together, or for each alike.
FOR_ALL = [
    expand(rules.masks_topk_gamma.output, dataset=DATASETS),
    expand(rules.distinct_masks.output, dataset=DATASETS),
    rules.topk_gamma.output,
    rules.ablations.output,
    # Imported networks have no table of their training.
    rules.models.output if RUN.trained_metrics() else [],
    rules.completeness.output,
    rules.solvers.output,
    rules.solver_scaling.output,
    rules.sanity.output,
    rules.sanity_randomisation.output,
    rules.sanity_perturbation.output,
    rules.gallery.output,
    OF_PICTURES,
]
