"""Reviews highlighted by several methods side by side, as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import jinja2
import numpy as np

from smug.errors import SmugError

#: Steps of the highlight; a class each keeps the page small.
LEVELS = 10


@dataclass(frozen=True)
class HighlightedReview:
    """What a page or figure shows of one review.

    Parameters
    ----------
    title : str
        Name of the review.
    words : sequence of str
        Raw words, shape (n,).
    saliency : mapping of str to numpy.ndarray, shape (n,)
        Scores >= 0 of every word by method, in the order of the columns; each method is shown
        relative to its own highest score in the review.
    rationale : numpy.ndarray of bool, shape (n,), optional
        Words that the human marked; underlined.
    prediction : float
        The model's score.
    score : float
        The known score; NaN when unknown.
    aspect : str
        What the score is about.
    notes : mapping of str to str
        A short remark under a method's name, such as "3 words, proven smallest".
    """

    title: str
    words: Sequence[str]
    saliency: Mapping[str, np.ndarray]
    prediction: float
    score: float = float("nan")
    aspect: str = ""
    rationale: np.ndarray | None = None
    notes: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        n = len(self.words)
        rationale = (
            np.zeros(n, bool) if self.rationale is None else np.asarray(self.rationale, bool)
        )
        object.__setattr__(self, "rationale", rationale)
        if n == 0 or not self.saliency:
            raise SmugError(f"review {self.title!r}: at least one word and one method are needed")
        arrays = {**self.saliency, "rationale": rationale}
        for name, values in arrays.items():
            if np.shape(values) != (n,):
                raise SmugError(
                    f"review {self.title!r}: {name} has shape {np.shape(values)}, "
                    f"but there are {n} words"
                )
            if not np.isfinite(values).all() or np.min(values) < 0:
                raise SmugError(
                    f"review {self.title!r}: the scores of {name} have to be finite and >= 0; "
                    "clip negative attributions first"
                )

    def levels(self, method: str) -> np.ndarray:
        """Highlight of every word, 0 (none) to :data:`LEVELS` (the method's highest score)."""
        values = np.asarray(self.saliency[method], np.float64)
        top = values.max()
        return np.ceil(LEVELS * values / top).astype(int) if top > 0 else np.zeros(len(values), int)


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title>
<style>
body { font: 16px/1.6 system-ui, sans-serif; margin: 0 auto; max-width: 90rem; padding: 1rem;
  color: #111; background: #fff; overflow-wrap: anywhere; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .3rem; }
h3 { font-size: 1rem; margin: 0; }
.methods { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); }
.method { border: 1px solid #ccc; border-radius: .4rem; padding: .6rem .8rem; }
.method p { margin: .3rem 0 0; } .note { color: #444; font-size: .85rem; }
.generated { background: #fff3bf; border: 1px solid #b08900; border-radius: .3rem;
  padding: .1rem .5rem; font-weight: 600; }
.r { text-decoration: underline 2px #b3261e; text-underline-offset: .2em; }
{% for level in levels %}.s{{ level }} { background: rgba(0, 114, 178, {{ "%.2f" | format(
  0.55 * level / levels | length + 0.05) }}); border-radius: .2rem; }
{% endfor %}</style>
</head>
<body>
<h1>{{ title }}</h1>
{% if generated %}<p class="generated">generated reviews, written by a program, not by people</p>
{% endif -%}
<p class="note">Darker blue: higher score within the method.
{% if rationales %}<span class="r">Underlined</span>: marked by {{ "the generator"
  if generated else "a human" }}.{% endif %}</p>
{% for review in reviews %}<section>
<h2>{{ review.title }}</h2>
<p class="note">{% if review.aspect %}{{ review.aspect }}: {% endif -%}
predicted <b>{{ "%.2f" | format(review.prediction) }}</b>{% if review.known %},
score <b>{{ "%.2f" | format(review.score) }}</b>{% endif %}</p>
<div class="methods">
{% for method in review.methods %}<article class="method">
<h3>{{ method.name }}</h3>
{% if method.note %}<div class="note">{{ method.note }}</div>
{% endif %}<p>{% for word in method.words %}{% if word.css %}<span class="{{ word.css }}">
{{- word.text }}</span>{% else %}{{ word.text }}{% endif %} {% endfor %}</p>
</article>
{% endfor %}</div>
</section>
{% endfor %}</body>
</html>
"""


def render(
    reviews: Sequence[HighlightedReview], *, title: str = "Text saliency", generated: bool
) -> str:
    """Build the page; every text is escaped, and nothing is loaded from elsewhere.

    Parameters
    ----------
    reviews : sequence of HighlightedReview
        In the order shown; at least one.
    title : str
        Heading of the page.
    generated : bool
        Whether the reviews come from the generator; the page then says so at the top.

    Returns
    -------
    str
        A complete HTML document.
    """
    if not reviews:
        raise SmugError("no review to show; give at least one")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(_PAGE).render(
        title=title,
        generated=generated,
        levels=range(1, LEVELS + 1),
        rationales=any(review.rationale.any() for review in reviews),
        reviews=[_view(review) for review in reviews],
    )


def _view(review: HighlightedReview) -> dict:
    """Plain values of one review for the template."""
    methods = []
    for name in review.saliency:
        words = []
        for text, level, marked in zip(
            review.words, review.levels(name), review.rationale, strict=True
        ):
            css = " ".join((["r"] if marked else []) + ([f"s{level}"] if level else []))
            words.append({"text": text, "css": css})
        methods.append({"name": name, "note": review.notes.get(name, ""), "words": words})
    return {
        "title": review.title,
        "aspect": review.aspect,
        "prediction": review.prediction,
        "score": review.score,
        "known": bool(np.isfinite(review.score)),
        "methods": methods,
    }
