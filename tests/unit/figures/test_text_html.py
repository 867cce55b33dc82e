from html.parser import HTMLParser

import numpy as np
import pytest

from smug.errors import SmugError
from smug.figures.text_html import render
from smug.reviews.highlighted import LEVELS, HighlightedReview
from tests.browser import Browser

NASTY = ["<script>alert(1)</script>", "a&b", '"', "🍺", "'quoted'", "head"]


def review(**changes):
    values = {
        "title": "heldout-1 <b>",
        "words": NASTY,
        "saliency": {
            "SIS": np.array([0, 0, 0, 1, 0, 1.0]),
            "SMUG": np.array([0.5, 0.1, 0, 0.2, 0, 0]),
            "IG": np.zeros(6),
        },
        "rationale": np.array([True, False, False, False, False, True]),
        "prediction": 0.914,
        "score": 0.8,
        "aspect": "appearance",
        "notes": {"SIS": "2 words, proven smallest"},
    }
    return HighlightedReview(**{**values, **changes})


class Page(HTMLParser):
    """Elements with their attributes, and the (text, classes) of every piece of text."""

    def __init__(self, document):
        super().__init__()
        self.elements, self.texts, self.stack = [], [], []
        self.feed(document)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.stack.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.stack.pop()[0] == tag

    def handle_data(self, data):
        if data.strip():
            classes = [c for _, attrs in self.stack for c in attrs.get("class", "").split()]
            self.texts.append((data.strip(), classes))


def test_every_word_is_escaped_and_nothing_is_loaded():
    document = render([review()], generated=False)
    page = Page(document)
    assert not page.stack
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "link", "img", "iframe"}
    # The words of the page's own marks: prediction and score of the review, nothing of its words.
    assert [tag for tag, _ in page.elements].count("b") == 2
    assert "http" not in document
    text = " ".join(text for text, _ in page.texts)
    for word in NASTY:
        assert text.count(word) >= 3
    assert "heldout-1 <b>" in text


def test_levels_follow_the_scores_and_rationales_are_underlined():
    page = Page(render([review()], generated=False))
    beer = [classes for text, classes in page.texts if text == "🍺"]
    assert f"s{LEVELS}" in beer[0]
    assert "s4" in beer[1]
    for text, classes in page.texts:
        if text in ("head", NASTY[0]):
            assert "r" in classes
        if text == "a&b":
            assert "r" not in classes
    assert review().levels("SMUG").tolist() == [10, 2, 0, 4, 0, 0]
    assert review().levels("IG").tolist() == [0] * 6


def test_prediction_score_aspect_and_notes_are_shown():
    text = " ".join(text for text, _ in Page(render([review()], generated=False)).texts)
    for piece in ("appearance", "0.91", "0.80", "2 words, proven smallest", "marked by a human"):
        assert piece in text
    unknown = Page(render([review(score=float("nan"))], generated=False))
    shown = [text for text, _ in unknown.texts]
    assert "0.91" in shown
    assert not [text for text in shown if text.endswith("score")]
    assert any(
        text.endswith("score") for text, _ in Page(render([review()], generated=False)).texts
    )
    assert "nan" not in " ".join(text for text, _ in unknown.texts)


def test_generated_reviews_say_so():
    assert "generated reviews" in render([review()], generated=True)
    assert "marked by the generator" in render([review()], generated=True)
    assert ">generated" not in render([review()], generated=False)


def test_without_rationales_nothing_is_said_of_them():
    assert "Underlined" not in render([review(rationale=None)], generated=False)


def test_bad_input_is_named():
    with pytest.raises(SmugError, match="no review"):
        render([], generated=False)
    with pytest.raises(SmugError, match=r"SIS has shape \(2,\), but there are 6 words"):
        review(saliency={"SIS": np.zeros(2)})
    with pytest.raises(SmugError, match="IG have to be finite and >= 0"):
        review(saliency={"IG": -np.ones(6)})
    with pytest.raises(SmugError, match="at least one word"):
        review(words=[], saliency={"IG": np.zeros(0)}, rationale=None)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    made = Browser(tmp_path_factory.mktemp("profile"))
    yield made
    made.close()


@pytest.mark.parametrize(("width", "phone"), [(360, True), (1400, False)])
def test_a_browser_shows_the_page_without_sideways_scrolling(browser, tmp_path, width, phone):
    long = review(
        title="long",
        words=["x" * 300, *NASTY * 20],
        saliency={name: np.ones(121) for name in "abcd"},
        rationale=None,
    )
    page = tmp_path / "page.html"
    page.write_text(render([review(), long], generated=True), encoding="utf-8")
    browser.open(page, width=width, phone=phone)
    assert browser.value("innerWidth") == width
    assert browser.value("document.documentElement.scrollWidth") <= width
    underline = "getComputedStyle(document.querySelector('p .r')).textDecorationLine"
    assert browser.value(underline) == "underline"
    assert browser.value("document.querySelectorAll('article').length") == 7
    assert browser.value("document.querySelector('.s10').getBoundingClientRect().width") > 0
    assert browser.requests == [page.as_uri()]
    assert browser.complaints == []
