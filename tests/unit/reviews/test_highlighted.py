import numpy as np
import pytest

from smug.datasets.beer.reviews import Review, prepare
from smug.datasets.beer.tokenizer import Tokenizer
from smug.reviews.highlighted import Answer, SufficientSet, highlight

SCORES = np.array([0.0, 0.0, 3.0, 1.0, 2.0])
NONE, TWO = np.zeros(5, bool), np.array([False, False, True, False, True])


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(SCORES), ""),
        (Answer(SCORES, TWO), "2 of 3 words"),
        (Answer(SCORES, NONE), "0 of 3 words: the biases alone meet the demand; raise gamma"),
        (Answer(SCORES, NONE, found=False), "no answer"),
        (Answer(SCORES, NONE, found=False, reason="timeout"), "no answer (timeout)"),
        (SufficientSet(SCORES, TWO, confirmed=True), "2 of 3 words"),
        (SufficientSet(SCORES, TWO, confirmed=True, bound=2.0), "2 of 3 words, proven"),
        (SufficientSet(SCORES, TWO, confirmed=True, bound=1.0), "2 of 3 words, at least 1"),
        (
            SufficientSet(SCORES, TWO, confirmed=True, subsets=3),
            "2 of 3 words in the first of 3 disjoint subsets found",
        ),
        (
            SufficientSet(SCORES, TWO, confirmed=False, bound=2.0),
            "2 of 3 words, NOT confirmed by the network itself",
        ),
        (
            SufficientSet(SCORES, NONE, confirmed=True, bound=0.0),
            "0 of 3 words (the fully masked review suffices), proven",
        ),
        (
            SufficientSet(SCORES, NONE, found=False, reason="no threshold", confirmed=False),
            "no answer (no threshold)",
        ),
    ],
)
def test_a_note_says_how_many_words_and_how_sure_that_is(answer, said):
    note = answer.note(3)
    assert note.startswith(said)
    assert note == said or "raise gamma" in said


def test_a_card_carries_scores_from_tokens_to_raw_words():
    reviews = prepare(
        [Review("r0", ("Nice,", "zzz", "warm-head"), 0.5, ((0, 1),))],
        Tokenizer(("nice", "warm", "head"), 9),
        1,
        max_words=5,
    )
    answers = {"one": Answer(SCORES), "other": Answer(SCORES, NONE, found=False)}
    card = highlight(reviews, 0, answers, prediction=0.25, aspect="aroma")
    assert card.title == "review r0"
    assert list(card.words) == ["Nice,", "zzz", "warm-head"]
    assert list(card.saliency) == ["one", "other"]
    assert card.saliency["one"].tolist() == [3.0, 0.0, 2.0]
    assert card.marked.tolist() == [True, False, False]
    assert (card.prediction, card.score, card.aspect) == (0.25, 0.5, "aroma")
    assert card.notes == {"one": "", "other": "no answer"}
    assert list(card.unanswered) == ["other"]
