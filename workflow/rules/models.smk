# Networks: trained here, or imported with trained weights.


rule train_mnist_mlp:
    input:
        digits=rules.prepare_mnist.output.digits,
        code=code("train_mnist_mlp"),
    output:
        model=f"{OUT}/train_mnist_mlp/model.keras",
        metrics=f"{OUT}/train_mnist_mlp/metrics.json",
        record=f"{OUT}/train_mnist_mlp/record.json",
    log:
        f"{OUT}/logs/train_mnist_mlp.log",
    benchmark:
        f"{OUT}/benchmarks/train_mnist_mlp.tsv"
    conda:
        "../../environment.yml"
    params:
        config=frozen("train_mnist_mlp", "mnist"),
        io=paths,
    shell:
        job("train_mnist_mlp")


rule import_efficientnet_lite0:
    input:
        code=code("import_efficientnet_lite0"),
    output:
        model=f"{OUT}/import_efficientnet_lite0/model.keras",
        record=f"{OUT}/import_efficientnet_lite0/record.json",
    log:
        f"{OUT}/logs/import_efficientnet_lite0.log",
    benchmark:
        f"{OUT}/benchmarks/import_efficientnet_lite0.tsv"
    conda:
        "../../environment.yml"
    params:
        config=frozen("import_efficientnet_lite0", "imagenet"),
        io=paths,
    shell:
        job("import_efficientnet_lite0")
