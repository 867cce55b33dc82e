# Networks: trained here, or imported with trained weights.


rule train_mnist:
    input:
        digits=rules.prepare_mnist.output.digits,
        code=code("train_mnist"),
    output:
        model=f"{OUT}/train_mnist/{{model}}/model.keras",
        metrics=f"{OUT}/train_mnist/{{model}}/metrics.json",
        record=f"{OUT}/train_mnist/{{model}}/record.json",
    log:
        f"{OUT}/logs/train_mnist/{{model}}.log",
    benchmark:
        f"{OUT}/benchmarks/train_mnist/{{model}}.tsv"
    conda:
        "../../environment.yml"
    params:
        config=frozen("train_mnist", "mnist"),
        io=paths,
    message:
        "{rule} {wildcards}"
    shell:
        job("train_mnist")


rule import_model:
    input:
        code=code("import_model"),
    output:
        model=f"{OUT}/import_model/{{model}}.keras",
        record=f"{OUT}/import_model/{{model}}.json",
    log:
        f"{OUT}/logs/import_model/{{model}}.log",
    benchmark:
        f"{OUT}/benchmarks/import_model/{{model}}.tsv"
    conda:
        "../../environment.yml"
    params:
        config=frozen("import_model", "imagenet"),
        io=paths,
    message:
        "{rule} {wildcards}"
    shell:
        job("import_model")


rule train_text_cnn:
    input:
        train=rules.prepare_beer.output.train,
        validation=rules.prepare_beer.output.validation,
        test=rules.prepare_beer.output.test,
        words=rules.prepare_beer.output.vocabulary,
        code=code("train_text_cnn"),
    output:
        model=f"{OUT}/train_text_cnn/model.keras",
        vocabulary=f"{OUT}/train_text_cnn/vocabulary.json",
        metrics=f"{OUT}/train_text_cnn/metrics.json",
        record=f"{OUT}/train_text_cnn/record.json",
    log:
        f"{OUT}/logs/train_text_cnn.log",
    benchmark:
        f"{OUT}/benchmarks/train_text_cnn.tsv"
    conda:
        "../../environment.yml"
    params:
        config=frozen("train_text_cnn", "beer"),
        io=paths,
    message:
        "{rule} {wildcards}"
    shell:
        job("train_text_cnn")
