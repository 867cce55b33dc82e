# Datasets: read once, split, chosen, scaled. Photographs are chosen by each network anew.


use rule stage as prepare_mnist with:
    input:
        code=code("prepare_mnist"),
    output:
        digits=f"{OUT}/prepare_mnist/digits.npz",
        data=f"{OUT}/prepare_mnist/data.npz",
        record=f"{OUT}/prepare_mnist/record.json",
    log:
        f"{OUT}/logs/prepare_mnist.log",
    params:
        **job("prepare_mnist", "mnist"),


use rule stage as prepare_imagenet with:
    input:
        model=lambda wildcards: RUN.network(f"imagenet{wildcards.other}"),
        code=code("prepare_imagenet"),
    output:
        data=f"{OUT}/prepare_imagenet{{other}}/data.npz",
        record=f"{OUT}/prepare_imagenet{{other}}/record.json",
    log:
        f"{OUT}/logs/prepare_imagenet/imagenet{{other}}.log",
    wildcard_constraints:
        other="(_[a-z_0-9]+)?",
    params:
        **job("prepare_imagenet", lambda wildcards: f"imagenet{wildcards.other}"),


use rule stage as prepare_beer with:
    input:
        code=code("prepare_beer"),
    output:
        train=f"{OUT}/prepare_beer/train.npz",
        validation=f"{OUT}/prepare_beer/validation.npz",
        test=f"{OUT}/prepare_beer/test.npz",
        vocabulary=f"{OUT}/prepare_beer/vocabulary.json",
        data=f"{OUT}/prepare_beer/data.npz",
        record=f"{OUT}/prepare_beer/record.json",
    log:
        f"{OUT}/logs/prepare_beer.log",
    params:
        **job("prepare_beer", "beer"),
