# Datasets: read once, split, chosen, scaled. Photographs are chosen by each network anew.


use rule stage as prepare_mnist with:
    output:
        digits=f"{OUT}/prepare_{{dataset}}/digits.npz",
        data=f"{OUT}/prepare_{{dataset}}/data.npz",
        record=f"{OUT}/prepare_{{dataset}}/record.json",
    log:
        f"{OUT}/logs/prepare_mnist/{{dataset}}.log",
    wildcard_constraints:
        dataset=one_of(in_format("mnist")),
    params:
        **job("prepare_mnist"),


use rule stage as prepare_imagenet with:
    input:
        model=network,
    output:
        data=f"{OUT}/prepare_{{dataset}}/data.npz",
        record=f"{OUT}/prepare_{{dataset}}/record.json",
    log:
        f"{OUT}/logs/prepare_imagenet/{{dataset}}.log",
    wildcard_constraints:
        dataset=one_of(in_format("imagenet")),
    params:
        **job("prepare_imagenet"),


use rule stage as prepare_beer with:
    output:
        train=f"{OUT}/prepare_{{dataset}}/train.npz",
        validation=f"{OUT}/prepare_{{dataset}}/validation.npz",
        test=f"{OUT}/prepare_{{dataset}}/test.npz",
        vocabulary=f"{OUT}/prepare_{{dataset}}/vocabulary.json",
        data=f"{OUT}/prepare_{{dataset}}/data.npz",
        record=f"{OUT}/prepare_{{dataset}}/record.json",
    log:
        f"{OUT}/logs/prepare_beer/{{dataset}}.log",
    wildcard_constraints:
        dataset=one_of(in_format("beer")),
    params:
        **job("prepare_beer"),
