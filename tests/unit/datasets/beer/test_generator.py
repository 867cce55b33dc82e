import random
from itertools import pairwise

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from smug.datasets.beer import generator as beer_generator
from smug.datasets.beer import lexicon
from smug.datasets.beer import reviews as beer
from smug.datasets.beer.tokenizer import Tokenizer, split_words
from smug.errors import SmugError


def test_files_have_the_original_formats_and_say_they_are_generated(tmp_path):
    assert not beer.is_generated(tmp_path)
    beer_generator.write_reviews(tmp_path, seed=1, train=20, heldout=10, annotated=5)
    assert beer.is_generated(tmp_path)
    for aspect in range(3):
        assert len(beer.read_reviews(beer.review_path(tmp_path, aspect, "train"), aspect)) == 20
        assert len(beer.read_reviews(beer.review_path(tmp_path, aspect, "heldout"), aspect)) == 10
        annotated = beer.read_annotations(tmp_path / "annotations.json", aspect)
        assert len(annotated) == 5
        assert all(len(review.spans) >= 1 for review in annotated)


def test_one_seed_gives_the_same_bytes_and_another_seed_others(tmp_path):
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        beer_generator.write_reviews(tmp_path / name, seed=seed, train=5, heldout=5, annotated=5)
    for path in sorted((tmp_path / "a").iterdir()):
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()
        assert path.read_bytes() != (tmp_path / "c" / path.name).read_bytes()


def test_train_and_heldout_do_not_share_reviews(tmp_path):
    beer_generator.write_reviews(tmp_path, seed=0, train=200, heldout=200, annotated=1)
    parts = [
        {review.words for review in beer.read_reviews(beer.review_path(tmp_path, a, split), a)}
        for a in range(3)
        for split in ("train", "heldout")
    ]
    assert len(set.union(*parts)) == sum(map(len, parts)) == 1200


NOT = {"not", "no", "never", "zero"}


def some(count, seed=0):
    rng = random.Random(seed)
    return [beer_generator.make_review(rng) for _ in range(count)]


def sign_of(phrase, aspect):
    """Opinion of a phrase, by the documented rules, read off the words alone."""
    text = " ".join(phrase)
    good_idioms, bad_idioms = lexicon.IDIOMS[aspect]
    if text in good_idioms + bad_idioms:
        return 1 if text in good_idioms else -1
    flaw = any(text.endswith(f" {name}") for name in lexicon.FLAWS[aspect])
    for amounts, sign in ((lexicon.MUCH, 1), (lexicon.LITTLE, -1)):
        if any(text.startswith(f"{amount} ") for amount in amounts):
            return -sign if flaw else sign
    part = next((p for p in lexicon.PARTS[aspect] if set(p.nouns) & set(phrase)), None)
    good = lexicon.GOOD + lexicon.NOT_GOOD + (part.good if part else ())
    bad = lexicon.BAD + lexicon.NOT_BAD + (part.bad if part else ())
    first = next(word for word in phrase if word in good + bad)  # a contrast goes by the first
    before = phrase[: phrase.index(first)]
    negated = any(word in NOT or word == "n't" or word.endswith("nt") for word in before)
    sign = 1 if first in good else -1
    return -sign if negated else sign


def test_all_five_aspects_are_there_and_the_opinions_follow_from_the_words():
    for review in some(400):
        assert len(review.scores) == len(review.spans) == 5
        assert all(review.spans)
        for aspect, opinions in enumerate(review.opinions):
            told = [review.words[start:end] for start, end in review.spans[aspect]]
            assert told == [opinion.words for opinion in opinions]
            for phrase, opinion in zip(told, opinions, strict=True):
                assert sign_of(phrase, aspect) == opinion.sign, " ".join(phrase)
                more = any(word in lexicon.MORE for word in phrase)
                less = bool({"slightly", "somewhat", "fairly", "sort"} & set(phrase))
                assert opinion.strength == (1.0 if more else 0.3 if less else 0.6)


def test_a_negation_turns_the_same_words_round():
    seen = {}
    for review in some(3000):
        for aspect, opinions in enumerate(review.opinions):
            for opinion in opinions:
                silent = NOT | {"n't", "gets"}
                kept = [w for w in opinion.words if w not in silent and w[:2] != "is"]
                negated = len(kept) < len(opinion.words) - ("is" in opinion.words)
                key = (aspect, " ".join(kept).removeprefix("the ").removeprefix("a "))
                seen.setdefault(key, {}).setdefault(negated, set()).add(opinion.sign)
    pairs = [signs for signs in seen.values() if len(signs) == 2]
    assert len(pairs) > 50
    for signs in pairs:
        assert len(signs[True]) == 1
        assert signs[True] == {-sign for sign in signs[False]}


def test_spans_name_their_own_aspect_and_no_other():
    own = [
        {noun for part in parts for noun in part.nouns}
        | {word for flaw in flaws for word in flaw.split()}
        | {sense, f"{sense}s"}
        for parts, flaws, sense in zip(lexicon.PARTS, lexicon.FLAWS, lexicon.SENSES, strict=True)
    ]
    for review in some(400):
        for aspect, spans in enumerate(review.spans[:4]):
            for start, end in spans:
                said = set(review.words[start:end])
                assert said & own[aspect], said
                assert not any(said & own[other] for other in range(4) if other != aspect), said


def test_scores_add_up():
    for review in some(300):
        for score, opinions in zip(review.scores, review.opinions, strict=False):
            total = sum(opinion.sign * opinion.strength for opinion in opinions)
            assert score == pytest.approx(0.6 + 0.4 * total / len(opinions), abs=0.051)
        assert review.scores[4] == pytest.approx(np.mean(review.scores[:4]), abs=0.051)
        assert all(0 <= score <= 1 for score in review.scores)


def test_a_review_reads_like_those_of_people():
    reviews = some(1000)
    lengths = [len(review.words) for review in reviews]
    assert 63 <= np.mean(lengths) <= 115
    assert min(lengths) < 45
    assert max(lengths) > 100
    for review in reviews:
        assert all(word == word.lower() for word in review.words)
        assert all(
            first != second for first, second in pairwise(review.words) if first.isalpha()
        ), " ".join(review.words)
        assert {word for word in review.words if not word[0].isalnum()} <= {".", "n't", "'s", "'ve"}
        for article, word in pairwise(review.words):
            if article == "an":
                assert word[0] in "aeio"
    stops = [review.words.count(".") for review in reviews]
    assert 0 < np.mean(np.array(stops) > 0) < 0.2


def test_no_adjective_gives_the_sign_away_by_itself():
    seen = {}
    for review in some(4000):
        for opinions in review.opinions:
            for opinion in opinions:
                for word in set(opinion.words):
                    seen.setdefault(word, []).append(opinion.sign)
    shared = {word for parts in lexicon.PARTS for part in parts for word in part.good + part.bad}
    for word in {*shared, *(amount.split()[0] for amount in lexicon.MUCH + lexicon.LITTLE)}:
        share = np.mean(np.array(seen[word]) > 0)
        assert 0.1 < share < 0.9, word


def test_the_vocabulary_holds_every_word():
    texts = [" ".join(review.words) for review in some(3000)]
    tokenizer = Tokenizer.fit(texts)
    known = set(tokenizer.words)
    assert 400 < len(known) < 1000
    later = [word for review in some(500, seed=1) for word in split_words(" ".join(review.words))]
    assert np.mean([word in known for word in later]) > 0.999


@pytest.mark.parametrize("aspect", [0, 1, 2])
def test_single_words_do_not_solve_it_but_windows_of_three_do_better(aspect):
    reviews = some(5000, seed=aspect)
    texts = [" ".join(review.words) for review in reviews]
    labels = np.array([review.scores[aspect] > 0.6 for review in reviews])
    train, test = slice(0, 4000), slice(4000, None)

    def accuracy(longest):
        counts = CountVectorizer(ngram_range=(1, longest), token_pattern=r"\S+")
        model = LogisticRegression(C=0.1, max_iter=300)
        model.fit(counts.fit_transform(texts[train]), labels[train])
        return model.score(counts.transform(texts[test]), labels[test])

    words, windows = accuracy(1), accuracy(3)
    assert words < 0.78
    assert windows > words + 0.05


def test_an_empty_part_is_refused(tmp_path):
    with pytest.raises(SmugError, match="heldout=0"):
        beer_generator.write_reviews(tmp_path, heldout=0)
