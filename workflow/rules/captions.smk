# Which settings the caption of each result names.

#: The mask problem, its solver, the network.
MASK = "method.top_k method.gamma method.window"
SOLVER = "solver.name solver.timeout"
NETWORK = "dataset.source model.name"

#: Keys of the configuration, by rule.
CAPTION_KEYS = {
    "topk_gamma": (
        "grid.top_k grid.gamma grid.inputs method.window " f"saliency.scoring {SOLVER}"
    ),
    "ablations": (
        f"grid.windows grid.rankings grid.scorings grid.inputs {MASK} "
        "saliency.scoring"
    ),
    "topk_gamma_masks": (
        "grid.top_k grid.gamma grid.shown method.window " f"saliency.scoring {SOLVER}"
    ),
    "distinct_masks": f"{MASK} grid.solutions grid.inputs {SOLVER}",
    "sanity_table": (
        "model.name sanity.also sanity.inputs sanity.seeds sanity.levels "
        "sanity.noises"
    ),
    "sanity_randomisation": (
        "model.name sanity.also sanity.inputs sanity.seeds sanity.orders "
        "sanity.levels"
    ),
    "sanity_perturbation": "model.name sanity.also sanity.inputs sanity.seeds sanity.noises",
    "ggig": (
        "explainer.points explainer.ascent_steps explainer.step_size "
        "explainer.members explainer.noise ggig_figure.shown"
    ),
    "attribution_curves": "model.name dataset.explained comparison.curve_steps",
    "completeness": "model.name dataset.explained attribution.steps attribution.rule",
    "mnist_masks": (
        "dataset.explained sweep.windows sweep.first_layer_solvers "
        "sweep.network_solvers method.top_k method.gamma solver.timeout"
    ),
    "mnist_ood": (
        "sweep.figure_window sweep.network_solvers sweep.first_layer_solvers "
        "method.top_k method.gamma solver.timeout"
    ),
    "models": "model.name model.epochs model.learning_rate model.batch_size",
    "network_limits": (
        "network_limits.digits network_limits.lead_shares network_limits.timeout"
    ),
    "solvers": "timing.inputs timing.timeout timing.top_k timing.windows method.gamma",
    "solver_scaling": "timing.inputs timing.timeout timing.top_k timing.windows method.gamma",
    "image_saliency": f"{NETWORK} {MASK} attribution.steps comparison.thresholds",
    "smug_steps": f"{NETWORK} {MASK} attribution.steps",
    "ig_baselines": f"{NETWORK} explainer.steps",
    "optbox": f"{NETWORK} {MASK} comparison.cells",
    "two_cats": f"model.name {MASK} solver.name comparison.cells",
    "image_lsc": (
        f"dataset.source dataset.explained model.name {MASK} attribution.steps "
        "comparison.thresholds comparison.cells"
    ),
    "text_rationales": (
        "dataset.source dataset.explained method.top_k method.gamma "
        "comparison.gamma comparison.thresholds sufficient_words.fraction"
    ),
    "text_saliency": (
        "dataset.source method.top_k method.gamma comparison.gamma "
        "sufficient_words.fraction"
    ),
}


def shown(rule, datasets=None, variant="main"):
    """Params function: the settings that a caption names, one line for each dataset.

    A job of one dataset names its own; a key that a dataset does not know is left out.
    """
    keys = CAPTION_KEYS[rule].split()

    def params(wildcards):
        named = [wildcards.dataset] if "dataset" in wildcards.keys() else datasets
        lines = []
        for name in DATASETS if named is None else named:
            known = dict(smug_config.flatten(settings(name, variant)))
            words = [f"{key}={known[key]}" for key in keys if key in known]
            lines.append(f"{name}: " + ", ".join(f"``{word}``" for word in words))
        return lines

    return params
