import json
import re

import pytest

from smug.figures.gallery.page import gallery_page, script_json
from smug.reviews.highlighted import LEVELS
from tests.browser import Browser

from .toy import CLASSES, HOSTILE, dataset, reviews


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gallery")
    path = folder / "gallery.html"
    datasets = [
        dataset(folder, "photographs", range(len(CLASSES)), 9),
        dataset(folder, "more", [1], 1),
        reviews(folder),
    ]
    # What the stages write is JSON.
    text = gallery_page("t", json.loads(json.dumps(datasets, allow_nan=False)), "results/t")
    path.write_text(text, "utf-8")
    return path


def headed(browser):
    """Keys of the table's columns."""
    heads = "[...document.querySelectorAll('thead th')].map((head) => head.dataset.key).join()"
    return browser.value(heads).split(",")


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    browser = Browser(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


@pytest.fixture
def browser(chromium, page):
    """The page freshly opened; at the end nobody complained and nothing was asked for outside."""
    chromium.open(page)
    yield chromium
    chromium.drain()
    assert chromium.complaints == []
    assert chromium.value("window.broken") is None
    outside = [url for url in chromium.requests if not url.startswith(("data:", page.as_uri()))]
    assert outside == []


def test_data_cannot_leave_its_element():
    text = str(script_json({"text": HOSTILE}))
    assert not set("<>&") & set(text)
    assert json.loads(text) == {"text": HOSTILE}


def test_the_page_names_no_address_outside_it(page):
    text = re.sub(r"data:image/png;base64,[\w+/=]+", "", page.read_text("utf-8"))
    assert "//www" not in text
    assert "http:" not in text
    assert "https:" not in text
    assert f".s{LEVELS} " in text
    assert f".s{LEVELS + 1} " not in text


def test_the_first_input_is_shown_with_every_method(browser):
    assert browser.texts("#title") == ["Egyptian cat"]
    assert browser.texts("figcaption") == [
        "picture\nannotated box",
        "SMUG\nLSC -1",
        "GradCAM\nLSC 0.25",
        "OptBox\nLSC -3",
        f"GGIG\n{HOSTILE[2]}",
    ]
    assert browser.texts(".nothing") == ["no map"]
    assert browser.texts("#count") == ["7 of 7 inputs; the page holds the first 7 of 9 explained"]
    assert browser.value("[...document.images].every((i) => i.complete && i.naturalWidth === 8)")
    assert browser.texts("code") == ["abc123+"]
    links = browser.value(
        "[...document.querySelectorAll('#files a')].map((a) => a.getAttribute('href'))"
    )
    assert links == ["solve_masks/photographs/a%3Db%2Bc/0.npz", "../../x/javascript%3A1.npz"]


def test_method_toggles_hide_tiles_and_rows(browser):
    browser.click("[data-method='gradcam']")
    assert [text.split("\n")[0] for text in browser.texts("figcaption")] == [
        "picture",
        "SMUG",
        "OptBox",
        "GGIG",
    ]
    assert browser.texts("tbody th") == ["SMUG", "OptBox", "GGIG"]
    assert (
        browser.value("document.querySelector(\"[data-method='gradcam']\").ariaPressed") == "false"
    )
    browser.click("[data-method='gradcam']")
    assert browser.texts("tbody th") == ["SMUG", "GradCAM", "OptBox", "GGIG"]


def test_columns_sort_both_ways_with_the_unmeasured_last(browser):
    browser.click("[data-key='lsc'] button")
    assert browser.texts("tbody th") == ["OptBox", "SMUG", "GradCAM", "GGIG"]
    browser.press("Enter")
    assert browser.texts("tbody th") == ["GradCAM", "SMUG", "OptBox", "GGIG"]
    assert browser.value("document.querySelector(\"[data-key='lsc']\").ariaSort") == "descending"
    browser.click("#next")
    assert browser.texts("tbody tr td:nth-child(2)") == ["0.5", "-2", "–", "–"]
    browser.click("[data-key='lsc'] button")
    assert browser.texts("tbody th") == ["GradCAM", "SMUG", "OptBox", "GGIG"]
    # What was measured of none of the inputs has no column.
    assert headed(browser) == ["method", "lsc", "seconds"]


def test_medians_follow_the_search(browser):
    browser.click("#scopes [data-value='median']")
    assert browser.texts("tbody tr td:nth-child(2)")[:2] == ["0", "0"]
    browser.click("#query")
    browser.type("e")
    browser.type("spr")
    assert browser.texts("#strip button") == ["espresso"]
    assert browser.texts("#title") == ["espresso"]
    assert browser.texts("tbody tr td:nth-child(2)") == ["0.5", "-2", "–", "–"]
    browser.type("nobody")
    assert browser.texts("#count")[0].startswith("0 of 7")
    assert browser.value("document.getElementById('input').hidden")


def test_views_show_maps_covers_and_boxes(browser):
    overlays = "document.querySelectorAll('.tiles .over').length"
    boxes = "document.querySelectorAll('.tiles rect.edge').length"
    assert [browser.value(overlays), browser.value(boxes)] == [0, 4]
    browser.click("#views [data-value='blend']")
    assert browser.value(overlays) == 2
    browser.click("#views [data-value='kept']")
    assert browser.value(overlays) == 1
    assert "GradCAM\nhas no mask" in browser.texts("figcaption")
    browser.click("#views button:last-child")
    assert browser.value(boxes) == 0


def test_keys_alone_are_enough(browser):
    browser.press("ArrowRight")
    assert browser.texts("#title") == ["espresso"]
    browser.press("ArrowLeft")
    browser.press("ArrowLeft")
    assert browser.texts("#title") == ["Egyptian cat"]
    # In the search the arrows move the caret.
    browser.value("document.querySelector('#query').focus()")
    browser.press("ArrowRight")
    assert browser.texts("#title") == ["Egyptian cat"]
    browser.value("document.querySelector('#datasets button').focus()")
    browser.press("Tab")
    focused = "document.activeElement.dataset.value ?? document.activeElement.id"
    assert browser.value(focused) == "1"
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert browser.value(outline) == "solid"
    browser.press("Enter")
    assert browser.texts("#strip button") == ["espresso"]
    browser.press("Tab")
    browser.press("Tab")
    assert browser.value(focused) == "query"


def test_a_link_leads_back_to_the_input(browser, page):
    browser.press("ArrowRight")
    assert browser.value("location.hash") == "#0-1"
    browser.value("location.reload()")
    browser.wait_until("document.querySelector('#title')?.innerText === 'espresso'")


def test_hostile_text_is_only_text(browser):
    for name in HOSTILE:
        browser.press("ArrowRight")
        if browser.texts("#title") == ["espresso"]:
            browser.press("ArrowRight")
        assert browser.texts("#title") == [name]
        assert name in browser.texts("#said")[0]
    assert HOSTILE[0] in browser.value("document.querySelector('#records pre').textContent")
    assert browser.value("document.scripts.length") == 2


def test_the_configuration_is_that_of_the_inputs_own_shard(browser):
    shown = "[...document.querySelectorAll('#records a')].map((a) => a.getAttribute('href'))"
    assert [path.split("/")[-2:] for path in browser.value(shown)] == [
        ["prepare", "record.json"],
        ["attribute", "0.json"],
    ]
    for _ in range(4):
        browser.press("ArrowRight")
    assert browser.value(shown)[-1].endswith("attribute/1.json")


def test_reviews_have_the_same_buttons_and_are_only_text(browser):
    browser.click("#datasets [data-value='2']")
    assert browser.texts("#title") == [HOSTILE[0]]
    assert browser.texts("#generated") == ["generated: written by a program, not by people"]
    assert browser.texts("#count") == ["2 of 2 inputs; the page holds the first 2 of 3 explained"]
    assert browser.texts("figcaption") == [
        f"SMUG\n{HOSTILE[2]}",
        HOSTILE[1],
        "SIS\nno answer",
    ]
    assert browser.texts(f"#tiles .s{LEVELS}") == ["head"]
    assert browser.texts("#tiles .r") == [HOSTILE[0]] * 2
    assert browser.value("document.getElementById('views').offsetHeight") == 0
    assert headed(browser) == ["method", "roc_auc"]
    browser.click("[data-key='roc_auc'] button")
    assert browser.texts("tbody th") == [HOSTILE[1], "SMUG", "SIS"]
    browser.click("[data-method='SIS']")
    assert browser.texts("tbody tr td:nth-child(2)") == ["0.5", "0.75"]
    link = "document.querySelector('#files a').getAttribute('href')"
    assert browser.value(link) == "sufficient_words/0.npz"
    browser.press("ArrowRight")
    assert browser.texts("#title") == ["second"]
    browser.click("#query")
    browser.type("onload")
    assert browser.texts("#title") == [HOSTILE[0]]


def test_the_policy_stops_what_is_not_the_pages_own(chromium, page, tmp_path):
    foreign = "<script>window.broken = 5</script><img src='picture.png'><p style='color: red'>x</p>"
    path = tmp_path / "changed.html"
    path.write_text(page.read_text("utf-8").replace("</header>", foreign + "</header>"), "utf-8")
    chromium.open(path)
    assert chromium.value("window.broken") is None
    chromium.drain()
    said = " ".join(str(complaint) for complaint in chromium.complaints)
    assert "script-src" in said
    assert "img-src" in said
    assert "style-src" in said


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (360, "dark"), (1400, "light")])
def test_it_fits_phones_and_follows_the_colour_scheme(browser, page, width, scheme):
    browser.open(page, width=width, height=700, phone=width < 500, scheme=scheme)
    assert browser.value("document.documentElement.scrollWidth") <= width
    small = "[...document.querySelectorAll('button')].filter((b) => b.offsetHeight < 40).length"
    assert browser.value(small) == 0
    back = browser.value("getComputedStyle(document.body).backgroundColor")
    assert back == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(20, 22, 26)")


def test_a_page_without_inputs_says_so(chromium, tmp_path):
    path = tmp_path / "empty.html"
    path.write_text(gallery_page("t", [], "results/t"), "utf-8")
    chromium.open(path)
    chromium.drain()
    assert chromium.complaints == []
    assert chromium.texts("header .warning") == ["No input was explained in this run."]
