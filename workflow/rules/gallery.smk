# The gallery page: explained inputs, all methods, complete in itself.


use rule stage as gallery_images with:
    input:
        **gallery_shows(lambda _: [rules.score_images]),
        scores=in_gallery(rules.score_images.output.scores),
    output:
        inputs=f"{OUT}/gallery_images/{{dataset}}.json",
        record=f"{OUT}/gallery_images/{{dataset}}.record.json",
    log:
        f"{OUT}/logs/gallery_images/{{dataset}}.log",
    params:
        **job("gallery_images"),


use rule stage as gallery_rows with:
    input:
        **gallery_shows(lambda _: [rules.score_rows]),
        scores=in_gallery(rules.score_rows.output.scores),
    output:
        inputs=f"{OUT}/gallery_rows/{{dataset}}.json",
        record=f"{OUT}/gallery_rows/{{dataset}}.record.json",
    log:
        f"{OUT}/logs/gallery_rows/{{dataset}}.log",
    params:
        **job("gallery_rows"),


use rule stage as gallery_texts with:
    input:
        **gallery_shows(scored_texts),
        sets=in_gallery(rules.sufficient_words.output.sets),
        scores=text_scores,
    output:
        inputs=f"{OUT}/gallery_texts/{{dataset}}.json",
        record=f"{OUT}/gallery_texts/{{dataset}}.record.json",
    log:
        f"{OUT}/logs/gallery_texts/{{dataset}}.log",
    params:
        **job("gallery_texts"),


use rule stage as gallery with:
    input:
        inputs=[
            for_each(rules.gallery_images.output.inputs, PICTURES),
            for_each(rules.gallery_rows.output.inputs, ROWS),
            for_each(rules.gallery_texts.output.inputs, TEXTS),
        ],
    output:
        html=f"{OUT}/gallery.html",
        record=f"{OUT}/gallery.json",
    log:
        f"{OUT}/logs/gallery.log",
    params:
        **asked("gallery"),
