"""Opinions on a beer and a writer's habits, in the words of the lexicon beside."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from smug.datasets.beer import lexicon as words

#: What an opinion weighs: with a word such as "very", with "slightly", and without.
STRONG, WEAK, PLAIN = 1.0, 0.3, 0.6
#: How writers spell a negated verb.
_NEGATIONS = ("{verb} n't", "{verb}nt", "{verb} not")
_SLOT = re.compile(r"\{(\w+)\}")
_POOLS = {
    "color": words.COLORS,
    "foam": words.FOAMS,
    "note": words.NOTES,
    "glass": words.GLASSES,
    "place": words.PLACES,
    "shop": words.SHOPS,
    "food": words.FOODS,
    "person": words.PEOPLE,
    "size": words.SIZES,
    "month": words.MONTHS,
    "count": ("two", "three", "four", "six", "ten"),
}


#: What each noun stands for: the first name of its part, or the fault itself.
_THINGS: dict[str, str] = {
    noun: part.nouns[0] for parts in words.PARTS for part in parts for noun in part.nouns
}
_THINGS |= {word: word for flaws in words.FLAWS for flaw in flaws for word in flaw.split()}
_THINGS |= {word: sense for sense in words.SENSES for word in (sense, f"{sense}s")}


@dataclass(frozen=True)
class Opinion:
    """Phrase that praises or blames an aspect.

    Parameters
    ----------
    words : tuple of str
    sign : int
        1 praises, -1 blames.
    strength : float
        :data:`STRONG`, :data:`PLAIN` or :data:`WEAK`.
    is_noun : bool
        Whether it is a noun phrase; else it is a clause.
    """

    words: tuple[str, ...]
    sign: int
    strength: float = PLAIN
    is_noun: bool = True

    @property
    def things(self) -> set[str]:
        """Things that the opinion names, by one name each."""
        return {_THINGS[word] for word in self.words if word in _THINGS}


@dataclass(frozen=True)
class Writer:
    """Habits of one writer; all randomness comes from ``rng``."""

    rng: random.Random
    style: str
    negation: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "negation", self.rng.choice(_NEGATIONS))

    def fill(self, template: str) -> list[str]:
        """Words of a template, its slots filled in the writer's own way; no note twice."""
        used: set[str] = set()

        def drawn(slot: re.Match[str]) -> str:
            name = slot[1]
            if name == "style":
                return self.style
            left = [word for word in _POOLS[name] if word not in used]
            used.add(found := self.rng.choice(left))
            return found

        text = _SLOT.sub(drawn, template)
        text = re.sub(r"(\w+)_not", lambda verb: self.negation.format(verb=verb[1]), text)
        text = text.replace("i_have", "i 've" if " n't" in self.negation else "i have")
        return _with_articles(text.split())

    def opinion(self, aspect: int, sign: int, *, is_noun: bool) -> Opinion:
        """Phrase that says ``sign`` about an aspect, one of the first four."""
        if is_noun:
            found, strength = self._noun_phrase(aspect, sign)
        else:
            found, strength = self._clause(aspect, sign)
        return Opinion(tuple(self.fill(found)), sign, strength, is_noun)

    def _noun_phrase(self, aspect: int, sign: int) -> tuple[str, float]:
        pick, kind = self.rng.choice, self.rng.random()
        if kind < 0.4:
            return self._amount(aspect, sign), PLAIN
        part = pick(words.PARTS[aspect])
        noun, article = pick(part.nouns), "a " if part.counted else ""
        if noun == "head" and self.rng.random() < 0.5:
            noun = "{foam} head"
        if kind < 0.55:
            return f"{article}{pick(words.GOOD if sign > 0 else words.BAD)} {noun}", PLAIN
        if kind < 0.7 and part.counted and sign < 0:
            return f"not a {self._adjective(part, 1)} {noun}", PLAIN
        if kind < 0.8:
            first, second = self.rng.sample(part.good if sign > 0 else part.bad, 2)
            return f"{article}{first} {second} {noun}", PLAIN
        degree, strength = self._degree()
        return f"{article}{degree}{self._adjective(part, sign)} {noun}", strength

    def _amount(self, aspect: int, sign: int) -> str:
        """Much of what is good or little of what is bad, or the other way round."""
        flaw = self.rng.random() < 0.5
        mass = [noun for part in words.PARTS[aspect] if not part.counted for noun in part.nouns]
        amounts = words.MUCH if (sign > 0) != flaw else words.LITTLE
        return (
            f"{self.rng.choice(amounts)} {self.rng.choice(words.FLAWS[aspect] if flaw else mass)}"
        )

    def _clause(self, aspect: int, sign: int) -> tuple[str, float]:
        pick, kind = self.rng.choice, self.rng.random()
        if kind < 0.15:
            return pick(words.IDIOMS[aspect][0 if sign > 0 else 1]), PLAIN
        if kind < 0.3:
            sense = words.SENSES[aspect]
            if kind < 0.2:
                denied = pick(words.NOT_BAD if sign > 0 else words.NOT_GOOD)
                return f"it does_not {sense} {denied}", PLAIN
            return f"it {sense}s {pick(words.GOOD if sign > 0 else words.BAD)}", PLAIN
        part = pick(words.PARTS[aspect])
        noun, adjective = pick(part.nouns), self._adjective(part, sign)
        if kind < 0.55:
            verb = pick(("is_not", "never gets", "is not"))
            return f"the {noun} {verb} {self._adjective(part, -sign)}", PLAIN
        if kind < 0.65:
            contrast = pick(("and not", "rather than", "instead of"))
            return f"the {noun} is {adjective} {contrast} {self._adjective(part, -sign)}", PLAIN
        degree, strength = self._degree()
        return pick(("the {} is {}{}", "{} is {}{}", "{} comes across {}{}")).format(
            noun, degree, adjective
        ), strength

    def _adjective(self, part: words.Part, sign: int) -> str:
        return self.rng.choice(part.good if sign > 0 else part.bad)

    def _degree(self) -> tuple[str, float]:
        """Word of strength with a space behind it, or nothing, and what the opinion weighs."""
        kind = self.rng.random()
        if kind < 0.25:
            return f"{self.rng.choice(words.MORE)} ", STRONG
        if kind < 0.5:
            return f"{self.rng.choice(words.LESS)} ", WEAK
        return "", PLAIN


def _with_articles(text: Sequence[str]) -> list[str]:
    """Words with "an" for "a" before a vowel."""
    return [
        "an" if word == "a" and after[:1] in set("aeio") else word
        for word, after in zip(text, [*text[1:], ""], strict=False)
    ]
