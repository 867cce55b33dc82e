# The gallery page: every explained input, all methods, complete in itself.


rule gallery_images:
    input:
        data=f"{OUT}/prepare_{{dataset}}/data.npz",
        attribution=in_gallery(rules.attribute.output.arrays),
        masks=in_gallery(rules.solve_masks.output.masks),
        smug_maps=in_gallery(rules.saliency.output.maps),
        maps=methods_in_gallery(rules.explain.output.maps),
        settings=methods_in_gallery(rules.explain.output.record),
        scores=in_gallery(rules.score_images.output.scores),
        records=lambda wildcards: [
            f"{OUT}/prepare_{wildcards.dataset}/record.json",
            f"{OUT}/attribute/{wildcards.dataset}/0.json",
            f"{OUT}/solve_masks/{wildcards.dataset}/main/0.json",
            f"{OUT}/saliency/{wildcards.dataset}/main/0.json",
            f"{OUT}/score_images/{wildcards.dataset}/0.json",
        ],
        code=code("gallery_images"),
    output:
        inputs=f"{OUT}/gallery_images/{{dataset}}.json",
        record=f"{OUT}/gallery_images/{{dataset}}.record.json",
    log:
        f"{OUT}/logs/gallery_images/{{dataset}}.log",
    benchmark:
        f"{OUT}/benchmarks/gallery_images/{{dataset}}.tsv"
    conda:
        "../../environment.yml"
    params:
        config=frozen("gallery_images"),
        io=paths,
    message:
        "{rule} {wildcards}"
    shell:
        job("gallery_images")


rule gallery_texts:
    input:
        data=f"{OUT}/prepare_beer/data.npz",
        attribution=texts_in_gallery(rules.attribute.output.arrays),
        masks=texts_in_gallery(rules.solve_masks.output.masks),
        smug_maps=texts_in_gallery(rules.saliency.output.maps),
        maps=text_methods_in_gallery(rules.explain.output.maps),
        settings=text_methods_in_gallery(rules.explain.output.record),
        sets=texts_in_gallery(rules.sufficient_words.output.sets),
        records=[
            f"{OUT}/prepare_beer/record.json",
            f"{OUT}/attribute/beer/0.json",
            f"{OUT}/solve_masks/beer/main/0.json",
            f"{OUT}/saliency/beer/main/0.json",
            f"{OUT}/sufficient_words/0.json",
        ],
        code=code("gallery_texts"),
    output:
        reviews=f"{OUT}/gallery_texts/beer.json",
        record=f"{OUT}/gallery_texts/beer.record.json",
    log:
        f"{OUT}/logs/gallery_texts.log",
    benchmark:
        f"{OUT}/benchmarks/gallery_texts.tsv"
    conda:
        "../../environment.yml"
    params:
        config=frozen("gallery_texts", "beer"),
        io=paths,
    message:
        "{rule} {wildcards}"
    shell:
        job("gallery_texts")


rule gallery:
    input:
        inputs=expand(rules.gallery_images.output.inputs, dataset=IMAGE_DATASETS),
        reviews=[rules.gallery_texts.output.reviews] if "beer" in DATASETS else [],
        code=code("gallery"),
    output:
        html=f"{OUT}/gallery.html",
        record=f"{OUT}/gallery.json",
    log:
        f"{OUT}/logs/gallery.log",
    benchmark:
        f"{OUT}/benchmarks/gallery.tsv"
    conda:
        "../../environment.yml"
    params:
        config=frozen("gallery", "mnist"),
        io=paths,
    message:
        "{rule} {wildcards}"
    shell:
        job("gallery")
