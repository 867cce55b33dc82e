import numpy as np
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from smug.drawing import ONE_COLUMN
from smug.figures.text_saliency import drawable, text_saliency
from smug.reviews.highlighted import LEVELS, HighlightedReview


def review(n=60, **changes):
    rng = np.random.default_rng(0)
    words = [f"w{i}" + "x" * int(rng.integers(0, 8)) for i in range(n)]
    values = {
        "title": "heldout-7",
        "words": words,
        "saliency": {"SIS": np.arange(n) == 3, "SMUG": rng.random(n)},
        "rationale": np.arange(n) < 5,
        "prediction": 0.25,
        "score": 0.5,
        "aspect": "aroma",
        "notes": {"SIS": "1 word"},
    }
    return HighlightedReview(**{**values, **changes})


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def boxes(figure):
    return [patch for patch in figure.axes[0].patches if isinstance(patch, Rectangle)]


def test_every_word_is_drawn_once_per_method_inside_the_figure():
    figure = text_saliency(review(), generated=False)
    for word in review().words:
        assert texts(figure).count(word) == 2
    figure.canvas.draw()
    frame = figure.bbox
    for text in figure.axes[0].texts:
        extent = text.get_window_extent()
        assert extent.x0 >= 0
        assert extent.x1 <= frame.x1 + 1
        assert extent.y0 >= 0
        assert extent.y1 <= frame.y1


def test_highlights_are_as_dark_as_the_scores_and_rationales_are_underlined():
    figure = text_saliency(review(), generated=False)
    marked = boxes(figure)
    assert len(marked) == 1 + np.count_nonzero(review().levels("SMUG"))
    assert marked[0].get_alpha() == 0.05 + 0.55
    levels = review().levels("SMUG")
    for box, level in zip(marked[1:], levels[levels > 0], strict=True):
        assert box.get_alpha() == 0.05 + 0.55 * level / LEVELS
    assert len(figure.axes[0].lines) == 2 * 5
    assert to_hex(figure.axes[0].lines[0].get_color()) == "#b3261e"


def test_highlights_cover_their_words():
    figure = text_saliency(review(saliency={"IG": np.ones(60)}), generated=False)
    figure.canvas.draw()
    shown = figure.axes[0].texts
    words = [text for text in shown if text.get_text() in review().words]
    for box, word in zip(boxes(figure), words, strict=True):
        drawn, covered = word.get_window_extent(), box.get_window_extent()
        assert abs(drawn.x0 - covered.x0) < 0.05 * figure.dpi
        assert abs(drawn.x1 - covered.x1) < 0.05 * figure.dpi


def test_the_title_says_what_is_shown():
    wide = {"width": 7.0}
    title = texts(text_saliency(review(), generated=True, **wide))[0]
    assert title == "heldout-7 · generated · aroma predicted 0.25 · score 0.50"
    plain = texts(text_saliency(review(score=float("nan")), generated=False, **wide))
    assert plain[0] == "heldout-7 · aroma predicted 0.25"
    assert "SIS: 1 word" in plain
    assert "SMUG" in plain


def test_long_reviews_say_what_is_missing_and_odd_words_are_plain_text():
    figure = text_saliency(review(300), generated=False, max_words=100)
    assert "200 more words not shown" in " ".join(texts(figure)[:4])
    odd = review(3, words=["$x_1$", "y" * 500, "<b>"], rationale=None)
    drawn = texts(text_saliency(odd, generated=False))
    assert drawn.count("$x_1$") == drawn.count("<b>") == 2


def test_type_is_readable_at_one_column_and_long_notes_are_wrapped():
    note = "3 of 60 words, NOT confirmed by the network itself, and more to say about it"
    figure = text_saliency(review(notes={"SIS": note}), generated=False)
    assert figure.get_figwidth() == ONE_COLUMN
    assert min(text.get_fontsize() for text in figure.axes[0].texts) >= 8
    assert "SIS: 3 of 60 words" in " ".join(texts(figure))
    figure.canvas.draw()
    assert max(text.get_window_extent().x1 for text in figure.axes[0].texts) <= figure.bbox.x1


def test_what_the_font_lacks_is_written_as_its_code_point(recwarn):
    assert drawable("naïve 🍺啤") == "naïve <U+1F37A><U+5564>"
    odd = review(2, words=["🍺", "啤酒"], rationale=None, title="🍺")
    figure = text_saliency(odd, generated=False)
    figure.canvas.draw()
    assert "<U+5564><U+9152>" in texts(figure)
    assert not [warning for warning in recwarn if "missing from" in str(warning.message)]
