# Which networks, settings and files the rules ask for.

#: Where each network stands once its rule has run.
MODEL_FILES = {
    "mnist_mlp": f"{OUT}/train_mnist_mlp/model.keras",
    "efficientnet_lite0": f"{OUT}/import_efficientnet_lite0/model.keras",
}


def model_file(dataset):
    """The network that explains a dataset."""
    return MODEL_FILES[settings(dataset)["model"]["name"]]


def mask_variants():
    """Every setting of the MNIST mask table: encoding x window x solver."""
    sweep = settings("mnist")["sweep"]
    return [
        f"method.encoding={encoding},method.window={window},solver={solver}"
        for encoding in ("first_layer", "network")
        for window in sweep["windows"]
        for solver in sweep[f"{encoding}_solvers"]
    ]


def figure_file(stage, encoding):
    """Masks or maps that the figure of digits shows: its window, the encoding's first solver."""
    sweep = settings("mnist")["sweep"]
    variant = (
        f"method.encoding={encoding},method.window={sweep['figure_window']},"
        f"solver={sweep[f'{encoding}_solvers'][0]}"
    )
    return f"{OUT}/{stage}/mnist/{variant}/0.npz"


def timings():
    """The result tables of every solver on every dataset."""
    return [
        f"{OUT}/time_solvers/{dataset}/solver={solver}.parquet"
        for dataset in DATASETS
        for solver in settings(dataset)["timing"]["solvers"]
    ]
