import random

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from smug.datasets.beer import generator as beer_generator
from smug.datasets.beer import reviews as beer
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
        assert all(len(review.spans) >= 2 for review in annotated)


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


def sign_of(phrase, aspect):
    """Opinion of a phrase, by the documented rules, read off the words alone."""
    g = beer_generator
    *front, adjective, noun = phrase
    if adjective in g._GOOD + g._BAD:
        return 1 if adjective in g._GOOD else -1
    if noun in g._WHOLE[aspect]:
        sign = g._BY_ASPECT[adjective][aspect]
    else:
        sign = 1 if (adjective in g._STRONG) == (noun in g._VIRTUES[aspect]) else -1
    return -sign if front and front[0] in g._NEGATIONS else sign


def test_scores_follow_from_the_marked_phrases():
    rng = random.Random(0)
    for _ in range(300):
        review = beer_generator.make_review(rng)
        for aspect, spans in enumerate(review.spans):
            total = 0.0
            for start, end in spans:
                phrase = review.words[start:end]
                more = phrase[0] in beer_generator._MORE
                less = phrase[0] in beer_generator._LESS
                strength = 1.0 if more else 0.3 if less else 0.6
                total += strength * sign_of(phrase, aspect)
            assert review.scores[aspect] == pytest.approx(0.6 + 0.4 * total / len(spans), abs=0.051)
        assert all(0 <= score <= 1 for score in review.scores)


def test_no_adjective_or_noun_of_the_rules_gives_the_sign_away():
    rng = random.Random(0)
    seen: dict[str, list[int]] = {}
    for _ in range(4000):
        review = beer_generator.make_review(rng)
        for start, end in review.spans[0]:
            phrase = review.words[start:end]
            if phrase[-2] not in beer_generator._GOOD + beer_generator._BAD:
                for word in phrase:
                    seen.setdefault(word, []).append(sign_of(phrase, 0))
    own = beer_generator._STRONG + beer_generator._WEAK + beer_generator._NEGATIONS
    own += beer_generator._VIRTUES[0] + beer_generator._FLAWS[0] + ("turning",)
    for word in own:
        assert abs(np.mean(seen[word])) < 0.2, word


@pytest.mark.parametrize("aspect", [0, 1, 2])
def test_single_words_do_not_solve_it_but_windows_of_three_do_better(aspect):
    rng = random.Random(aspect)
    reviews = [beer_generator.make_review(rng) for _ in range(5000)]
    texts = [" ".join(review.words) for review in reviews]
    labels = np.array([review.scores[aspect] > 0.6 for review in reviews])
    train, test = slice(0, 4000), slice(4000, None)

    def accuracy(longest):
        counts = CountVectorizer(ngram_range=(1, longest), token_pattern=r"\S+")
        model = LogisticRegression(C=0.1, max_iter=300)
        model.fit(counts.fit_transform(texts[train]), labels[train])
        return model.score(counts.transform(texts[test]), labels[test])

    words, windows = accuracy(1), accuracy(3)
    assert words < 0.68
    assert windows > words + 0.05


def test_an_empty_part_is_refused(tmp_path):
    with pytest.raises(SmugError, match="heldout=0"):
        beer_generator.write_reviews(tmp_path, heldout=0)
