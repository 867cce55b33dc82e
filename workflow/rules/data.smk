# Datasets: read once, split, chosen, scaled.


rule prepare_mnist:
    input:
        code=code("prepare_mnist"),
    output:
        digits=f"{OUT}/prepare_mnist/digits.npz",
        data=f"{OUT}/prepare_mnist/data.npz",
        record=f"{OUT}/prepare_mnist/record.json",
    log:
        f"{OUT}/logs/prepare_mnist.log",
    benchmark:
        f"{OUT}/benchmarks/prepare_mnist.tsv"
    conda:
        "../../environment.yml"
    params:
        config=frozen("prepare_mnist", "mnist"),
        io=paths,
    message:
        "{rule} {wildcards}"
    shell:
        job("prepare_mnist")


rule prepare_imagenet:
    input:
        model=model_file("imagenet"),
        code=code("prepare_imagenet"),
    output:
        data=f"{OUT}/prepare_imagenet/data.npz",
        record=f"{OUT}/prepare_imagenet/record.json",
    log:
        f"{OUT}/logs/prepare_imagenet.log",
    benchmark:
        f"{OUT}/benchmarks/prepare_imagenet.tsv"
    conda:
        "../../environment.yml"
    params:
        config=frozen("prepare_imagenet", "imagenet"),
        io=paths,
    message:
        "{rule} {wildcards}"
    shell:
        job("prepare_imagenet")


rule prepare_beer:
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
    benchmark:
        f"{OUT}/benchmarks/prepare_beer.tsv"
    conda:
        "../../environment.yml"
    params:
        config=frozen("prepare_beer", "beer"),
        io=paths,
    message:
        "{rule} {wildcards}"
    shell:
        job("prepare_beer")
