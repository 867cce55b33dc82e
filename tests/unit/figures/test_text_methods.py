import pytest

from smug.figures.text_methods import caption


@pytest.mark.parametrize(
    ("marked", "said"),
    [(3, "mine, humans marked words in 3 of the texts: means"), (0, "no words are marked; hence")],
)
def test_the_caption_says_whether_anybody_marked_words(marked, said):
    settings = {"top_k": 20, "gamma": 0.5, "share": 0.12, "kept": "half"}
    text = caption("mine", marked=marked, proven=bool(marked), **settings)
    assert said in text
    assert "SMUG: k = 20, gamma = 0.5." in text
    assert "12% of all where none is marked" in text
    assert "sets are sufficient when they keep half; " in text
    assert ("proven is only what the network itself confirms." in text) == bool(marked)
    assert ("no set of this network is proven smallest." in text) != bool(marked)
