"""Reviews highlighted by several methods side by side, as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jinja2
import numpy as np

from smug.errors import SmugError
from smug.reviews.highlighted import LEVELS, HighlightedReview

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
        rationales=any(review.marked.any() for review in reviews),
        reviews=[_view(review) for review in reviews],
    )


def _view(review: HighlightedReview) -> dict[str, Any]:
    """Plain values of one review for the template."""
    methods = []
    for name in review.saliency:
        words = []
        for text, level, marked in zip(
            review.words, review.levels(name), review.marked, strict=True
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
