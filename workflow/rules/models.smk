# Networks: trained here, or imported with trained weights.


use rule stage as train_mnist with:
    input:
        digits=rules.prepare_mnist.output.digits,
        code=code("train_mnist"),
    output:
        model=f"{OUT}/train_mnist/{{model}}/model.keras",
        metrics=f"{OUT}/train_mnist/{{model}}/metrics.json",
        record=f"{OUT}/train_mnist/{{model}}/record.json",
    log:
        f"{OUT}/logs/train_mnist/{{model}}.log",
    params:
        **job("train_mnist", "mnist"),


use rule stage as train_text_cnn with:
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
    params:
        **job("train_text_cnn", "beer"),


use rule stage as train_imagenet_cnn with:
    input:
        code=code("train_imagenet_cnn"),
    output:
        model=f"{OUT}/train_imagenet_cnn/model.keras",
        history=f"{OUT}/train_imagenet_cnn/history.csv",
        metrics=f"{OUT}/train_imagenet_cnn/metrics.json",
        record=f"{OUT}/train_imagenet_cnn/record.json",
    log:
        f"{OUT}/logs/train_imagenet_cnn.log",
    threads: 8
    params:
        **job("train_imagenet_cnn", "imagenet"),


use rule stage as import_model with:
    input:
        code=code("import_model"),
    output:
        model=f"{OUT}/import_model/{{model}}.keras",
        record=f"{OUT}/import_model/{{model}}.json",
    log:
        f"{OUT}/logs/import_model/{{model}}.log",
    params:
        **job("import_model", "imagenet"),


use rule stage as models with:
    input:
        metrics=RUN.trained_metrics(),
        code=code("models"),
    output:
        **table("models", "Networks"),
        record=f"{OUT}/tables/models.json",
    log:
        f"{OUT}/logs/models.log",
    params:
        **captioned("models", DATASETS if RUN.trained_metrics() else []),
