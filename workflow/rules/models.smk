# Networks: trained here, or imported with trained weights.


use rule stage as train_mnist with:
    input:
        digits=made_for(rules.prepare_mnist.output.digits),
    output:
        model=f"{OUT}/train_mnist/{{model}}/model.keras",
        metrics=f"{OUT}/train_mnist/{{model}}/metrics.json",
        record=f"{OUT}/train_mnist/{{model}}/record.json",
    log:
        f"{OUT}/logs/train_mnist/{{model}}.log",
    params:
        **job("train_mnist"),


use rule stage as train_text_cnn with:
    input:
        train=made_for(rules.prepare_beer.output.train),
        validation=made_for(rules.prepare_beer.output.validation),
        test=made_for(rules.prepare_beer.output.test),
        words=made_for(rules.prepare_beer.output.vocabulary),
    output:
        model=f"{OUT}/train_text_cnn/{{model}}/model.keras",
        vocabulary=f"{OUT}/train_text_cnn/{{model}}/vocabulary.json",
        metrics=f"{OUT}/train_text_cnn/{{model}}/metrics.json",
        record=f"{OUT}/train_text_cnn/{{model}}/record.json",
    log:
        f"{OUT}/logs/train_text_cnn/{{model}}.log",
    params:
        **job("train_text_cnn"),


use rule stage as train_imagenet_cnn with:
    output:
        model=f"{OUT}/train_imagenet_cnn/{{model}}/model.keras",
        history=f"{OUT}/train_imagenet_cnn/{{model}}/history.csv",
        metrics=f"{OUT}/train_imagenet_cnn/{{model}}/metrics.json",
        record=f"{OUT}/train_imagenet_cnn/{{model}}/record.json",
    log:
        f"{OUT}/logs/train_imagenet_cnn/{{model}}.log",
    threads: 8
    params:
        **job("train_imagenet_cnn"),


use rule stage as import_model with:
    output:
        model=f"{OUT}/import_model/{{model}}.keras",
        record=f"{OUT}/import_model/{{model}}.json",
    log:
        f"{OUT}/logs/import_model/{{model}}.log",
    params:
        **job("import_model"),


use rule stage as models with:
    input:
        metrics=RUN.trained_metrics(),
    output:
        **table("models", "Networks"),
        record=f"{OUT}/tables/models.json",
    log:
        f"{OUT}/logs/models.log",
    params:
        **captioned("models", DATASETS if RUN.trained_metrics() else []),
