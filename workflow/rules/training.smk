# Networks on photographs that are trained here, where model=imagenet_cnn asks for it.


rule train_imagenet_cnn:
    input:
        code=code("train_imagenet_cnn"),
    output:
        model=f"{OUT}/train_imagenet_cnn/model.keras",
        history=f"{OUT}/train_imagenet_cnn/history.csv",
        metrics=f"{OUT}/train_imagenet_cnn/metrics.json",
        record=f"{OUT}/train_imagenet_cnn/record.json",
    log:
        f"{OUT}/logs/train_imagenet_cnn.log",
    benchmark:
        f"{OUT}/benchmarks/train_imagenet_cnn.tsv"
    conda:
        "../../environment.yml"
    threads: 8
    params:
        config=frozen("train_imagenet_cnn", "imagenet"),
        io=paths,
    message:
        "{rule} {wildcards}"
    shell:
        job("train_imagenet_cnn")
