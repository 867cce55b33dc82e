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
    shell:
        job("prepare_mnist")


rule prepare_imagenet:
    input:
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
    shell:
        job("prepare_imagenet")
