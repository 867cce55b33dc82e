# Datasets and networks of the user's own: no file of conf/ names them, overrides alone do.


use rule stage as import_own with:
    input:
        source=own_file,
    output:
        model=f"{OUT}/import_own/{{dataset}}.keras",
        record=f"{OUT}/import_own/{{dataset}}.json",
    log:
        f"{OUT}/logs/import_own/{{dataset}}.log",
    wildcard_constraints:
        dataset=one_of([name for name in RUN.own if name not in RUN.own_onnx]),
    params:
        **job("import_own"),


use rule stage as import_onnx with:
    input:
        source=own_file,
    output:
        model=f"{OUT}/import_onnx/{{dataset}}.onnx",
        record=f"{OUT}/import_onnx/{{dataset}}.json",
    log:
        f"{OUT}/logs/import_onnx/{{dataset}}.log",
    wildcard_constraints:
        dataset=one_of(RUN.own_onnx),
    params:
        **job("import_onnx"),


use rule stage as prepare_images with:
    input:
        root=own_root,
        model=network,
    output:
        data=f"{OUT}/prepare_{{dataset}}/data.npz",
        record=f"{OUT}/prepare_{{dataset}}/record.json",
    log:
        f"{OUT}/logs/prepare_images/{{dataset}}.log",
    wildcard_constraints:
        dataset=one_of(RUN.own_of_kind("images")),
    params:
        **job("prepare_images"),


use rule stage as prepare_table with:
    input:
        root=own_root,
        model=network,
    output:
        data=f"{OUT}/prepare_{{dataset}}/data.npz",
        record=f"{OUT}/prepare_{{dataset}}/record.json",
    log:
        f"{OUT}/logs/prepare_table/{{dataset}}.log",
    wildcard_constraints:
        dataset=one_of(RUN.own_of_kind("table")),
    params:
        **job("prepare_table"),


use rule stage as prepare_series with:
    input:
        root=own_root,
        model=network,
    output:
        data=f"{OUT}/prepare_{{dataset}}/data.npz",
        record=f"{OUT}/prepare_{{dataset}}/record.json",
    log:
        f"{OUT}/logs/prepare_series/{{dataset}}.log",
    wildcard_constraints:
        dataset=one_of(RUN.own_of_kind("series")),
    params:
        **job("prepare_series"),


use rule stage as prepare_texts with:
    input:
        root=own_root,
        model=network,
    output:
        data=f"{OUT}/prepare_{{dataset}}/data.npz",
        record=f"{OUT}/prepare_{{dataset}}/record.json",
    log:
        f"{OUT}/logs/prepare_texts/{{dataset}}.log",
    wildcard_constraints:
        dataset=one_of(RUN.own_of_kind("texts")),
    params:
        **job("prepare_texts"),
