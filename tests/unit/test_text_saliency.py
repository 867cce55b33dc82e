import numpy as np
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from smug.figures.text_html import LEVELS, HighlightedReview
from smug.figures.text_saliency import text_saliency


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
    figure = text_saliency(review(), generated=False, width=5.0)
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
    words = figure.axes[0].texts[2:]
    for box, word in zip(boxes(figure), words, strict=True):
        drawn, covered = word.get_window_extent(), box.get_window_extent()
        assert abs(drawn.x0 - covered.x0) < 0.05 * figure.dpi
        assert abs(drawn.x1 - covered.x1) < 0.05 * figure.dpi


def test_the_title_says_what_is_shown():
    title = texts(text_saliency(review(), generated=True))[0]
    assert title == "heldout-7 · generated · aroma predicted 0.25 · score 0.50"
    plain = texts(text_saliency(review(score=float("nan")), generated=False))
    assert plain[0] == "heldout-7 · aroma predicted 0.25"
    assert "SIS: 1 word" in plain
    assert "SMUG" in plain


def test_long_reviews_say_what_is_missing_and_odd_words_are_plain_text():
    figure = text_saliency(review(300), generated=False, max_words=100)
    assert "200 more words not shown" in texts(figure)[0]
    odd = review(3, words=["$x_1$", "y" * 500, "<b>"], rationale=None)
    drawn = texts(text_saliency(odd, generated=False))
    assert drawn.count("$x_1$") == drawn.count("<b>") == 2
