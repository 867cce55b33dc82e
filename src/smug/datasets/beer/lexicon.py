"""Words of the generated reviews: what is described, what is said of it, and what stands around.

Aspects are numbered as everywhere: 0 appearance, 1 aroma, 2 palate, 3 taste, 4 overall. Nouns,
senses and idioms name their aspect; adjectives and amounts do not: a thin head, a thin nose and a
thin body are three opinions, plenty of lacing is praise and plenty of sediment is none.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """Part of a beer that opinions are about.

    Parameters
    ----------
    nouns : tuple of str
        Names of it, all used alike.
    good, bad : tuple of str
        Adjectives that praise it and that do not.
    counted : bool
        Whether it takes "a" and no amounts, as a head does, or amounts, as lacing does.
    """

    nouns: tuple[str, ...]
    good: tuple[str, ...]
    bad: tuple[str, ...]
    counted: bool = True


#: Parts of each aspect that praise or blame by their adjective.
PARTS: tuple[tuple[Part, ...], ...] = (
    (
        Part(("head",), ("thick", "creamy", "fluffy", "dense", "frothy", "big", "lively"),
             ("thin", "weak", "fizzy", "patchy", "soft", "flimsy")),
        Part(("lacing", "lace"), ("sticky", "heavy", "thick", "rich"), ("spotty", "thin", "weak"),
             counted=False),
        Part(("color",), ("deep", "bright", "rich", "clean"), ("dull", "muddy", "flat", "faint")),
    ),
    (
        Part(("nose", "aroma"), ("big", "bright", "fresh", "rich", "bold", "clean", "deep"),
             ("weak", "faint", "stale", "thin", "dull", "muddy", "soft", "flat")),
        Part(("citrus", "pine", "spice", "caramel"), ("bright", "fresh", "sharp", "rich"),
             ("faint", "stale", "dull", "weak"), counted=False),
    ),
    (
        Part(("body", "mouthfeel"), ("full", "creamy", "smooth", "rich", "big", "silky"),
             ("thin", "watery", "weak", "heavy", "sticky", "flimsy", "flat")),
        Part(("carbonation",), ("lively", "soft", "fine", "gentle", "crisp"),
             ("flat", "harsh", "sharp", "weak", "fizzy", "dull"), counted=False),
    ),
    (
        Part(("flavor",), ("big", "deep", "rich", "clean", "bold", "balanced", "full"),
             ("bland", "thin", "harsh", "muddy", "watery", "dull", "flat")),
        Part(("malt", "bitterness"), ("gentle", "rich", "balanced", "smooth", "crisp"),
             ("harsh", "sharp", "weak", "heavy", "stale", "bland"), counted=False),
    ),
)  # fmt: skip
#: Praise of anything, and its opposite.
GOOD = ("great", "lovely", "excellent", "nice", "wonderful", "fantastic")
BAD = ("poor", "awful", "lousy", "disappointing", "terrible", "weird")
#: The same as people put it behind a negation: "it isn't great", "it isn't bad".
NOT_GOOD, NOT_BAD = ("great", "nice", "right"), ("bad", "awful")
#: Faults of each aspect: their mention alone says nothing, only how much there is of them.
FLAWS = (
    ("sediment", "haze", "murk"),
    ("skunk", "wet cardboard", "sulfur", "nail polish"),
    ("alcohol burn", "stickiness", "grit", "chalk"),
    ("metal", "vinegar", "soap", "cough syrup"),
)
#: Amounts.
MUCH = ("tons of", "plenty of", "lots of", "a lot of", "loads of")
LITTLE = ("hardly any", "barely any", "almost no", "not much", "little to no", "no", "zero")
#: Strength of an adjective.
MORE = ("very", "really", "incredibly", "super")
LESS = ("slightly", "somewhat", "fairly", "sort of")
#: Verb of each aspect's sense, which goes with praise and blame of anything.
SENSES = ("look", "smell", "feel", "taste")
#: Clauses that praise and that blame, {noun} being a counted noun of the aspect.
IDIOMS = (
    (
        ("the head sticks around until the last sip", "the head lasts and lasts",
         "lacing clings to the glass all the way down", "the head holds up for ages"),
        ("the head is gone in seconds", "the head fizzles out like soda",
         "the head falls to a ring right away", "there goes the head before i can sit down"),
    ),
    (
        ("the nose jumps out of the glass", "the aroma fills the room",
         "the nose keeps opening up as it warms", "i could sit with the aroma all night"),
        ("i had to dig for the aroma", "the nose falls apart as it warms",
         "the nose never opens up", "swirling does nothing for the aroma"),
    ),
    (
        ("the body goes down like silk", "the mouthfeel coats the tongue just right",
         "the carbonation lifts it nicely", "the body hides the alcohol well"),
        ("the body falls apart after a few sips", "the carbonation dies half way down",
         "the mouthfeel sits like a brick", "the mouthfeel is more like seltzer than beer"),
    ),
    (
        ("the flavor lingers long after the sip", "the flavor comes together nicely",
         "the flavor gets better as it warms", "the flavor backs up everything the label says"),
        ("the flavor drops off a cliff", "the flavor goes in five directions at once",
         "the flavor turns odd as it warms", "the flavor is gone before i swallow"),
    ),
)  # fmt: skip
#: The last word on the beer, from good to bad; {style} is what it is.
VERDICTS = (
    (
        "i would gladly buy this again", "worth seeking out", "could drink this all night",
        "easily one of the better {style}s i_have had", "highly recommended",
        "i will be back for more", "glad i got to try it", "now i want a case of it",
        "this one is a keeper",
    ),
    (
        "decent but nothing to write home about", "drinkable enough i guess",
        "not bad not great", "an average {style}", "would drink it if someone else is buying",
        "middle of the road {style}", "good for one glass",
    ),
    (
        "i would_not buy this again", "there are better {style}s out there",
        "ended up down the drain", "could_not finish the glass", "save your money",
        "one and done for me", "i expected more from a {style}", "a chore to get through",
        "this one is a miss",
    ),
)  # fmt: skip

COLORS = ("hazy amber", "clear copper", "golden", "pale straw", "dark brown", "mahogany",
          "jet black",
          "cloudy orange", "ruby red", "yellow", "chestnut", "light brown", "reddish brown",
          "burnt amber",
          "clear gold", "cloudy yellow", "black", "cola brown", "hazy honey", "copper", "orange",
          "nearly opaque brown")  # fmt: skip
FOAMS = ("white", "off white", "tan", "beige", "khaki", "mocha", "eggshell", "two finger",
         "half inch", "brown")  # fmt: skip
NOTES = ("plum", "toast", "banana", "clove", "coffee", "dark chocolate", "orange peel", "grass",
         "honey", "brown bread", "grapefruit", "raisin", "vanilla", "oak", "apple", "pear",
         "toffee",
         "biscuit", "black pepper", "coriander", "fig", "cherry", "lemon zest", "molasses", "hay",
         "tea", "mango", "licorice", "smoke", "nuts", "rye", "brown sugar", "apricot",
         "wet grain")  # fmt: skip
STYLES = ("stout", "porter", "saison", "tripel", "pilsner", "brown ale", "pale ale", "bock", "ipa",
          "wheat beer", "lager", "barleywine", "amber ale", "dubbel", "scotch ale")  # fmt: skip
GLASSES = ("tulip", "pint glass", "snifter", "mug", "goblet", "shaker", "weizen glass", "nonic",
           "chalice", "duvel glass", "plastic cup")  # fmt: skip
PLACES = ("the pub around the corner", "a friend 's house", "the brewery", "the airport bar",
          "a bbq", "a tasting", "the ballpark", "a beach bar", "my brother 's wedding")  # fmt: skip
SHOPS = ("the bottle shop", "total wine", "the corner store", "a gas station", "whole foods",
         "the duty free", "a small deli")  # fmt: skip
FOODS = ("a burger", "some aged cheddar", "pizza", "thai curry", "grilled salmon", "pretzels",
         "a bowl of chili", "fish and chips", "leftover turkey")  # fmt: skip
PEOPLE = ("my neighbor", "a coworker", "my dad", "a buddy from work", "my brother in law",
          "the wife",
          "my roommate")  # fmt: skip
SIZES = ("12 oz", "22 oz", "11.2 oz", "16 oz", "750 ml", "500 ml", "330 ml")
MONTHS = ("january", "march", "april", "june", "august", "october", "december")
#: How a review begins, ends, and wanders off.
OPENINGS = (
    "{size} bottle poured into a {glass}", "{size} can poured into my {glass}",
    "on tap at {place}", "had this {style} on tap at {place}", "bottle from {shop}",
    "picked up a single at {shop} for {count} bucks", "thanks to {person} for this one",
    "{person} brought this back from a trip", "bottle dated {month} poured into a {glass}",
    "i_have been meaning to try this {style} for a while", "this {style} was served in a {glass}",
    "had at {place} with {food}", "poured from a {size} bottle at cellar temp",
    "i do_not usually go for a {style} but here we go",
    "number {count} in my {style} lineup tonight",
    "sampled at {place} last {month}", "split a bottle of this with {person}",
    "notes from {month}",
)  # fmt: skip
CLOSINGS = (
    "thanks to {person} for the bottle", "would go well with {food}", "drank it with {food}",
    "i have {count} more bottles in the cellar", "cheers", "will try it again on tap some day",
    "the label art is neat too", "price was {count} bucks", "{person} liked it more than i did",
    "drank while watching the game", "best not too cold", "re rate from {month}",
)  # fmt: skip
ASIDES = (
    "notes of {note} and {note}", "a hint of {note}", "some {note} too",
    "{note} shows up as it warms",
    "maybe a little {note}", "{note} and {note} in the background", "reminds me of {note}",
    "faintly of {note} i think",
)  # fmt: skip
#: What stands before a noun phrase, aspect by aspect.
FRAMES = (
    ("pours {color} with", "pours a {color} with", "{color} pour with",
     "pours {color} and settles with",
     "{color} in the glass with", "comes out {color} with", "poured {color} with",
     "{color} beer with",
     "the pour is {color} with", "{color} when held to the light with"),
    ("smells of {note} with", "i smell {note} and", "i get {note} {note} and",
     "smells like {note} {note} and",
     "a whiff brings {note} and", "{note} and {note} up front then", "getting {note} and",
     "hints of {note} and {note} with"),
    ("on the palate there is", "in the mouth i get", "drinks with", "coats the mouth with",
     "up front there is",
     "goes down with", "a mouthful brings", "light to medium with"),
    ("follows the nose with {note} and", "i taste {note} and", "tastes of {note} and {note} with",
     "first sip is all {note} with", "{note} up front then", "tastes like {note} with",
     "mostly {note} {note} and", "{note} at first then {note} and", "finishes with {note} and"),
)  # fmt: skip
#: The same for a noun that stands for the whole aspect, a clause, or nothing.
WHOLES = ("it has", "there is", "i find", "starts with", "", "you get")
LEADS = (
    ("pours {color}", "{color} in the glass", "{color} body", "looks to be {color}",
     "{color} when held to the light", "pours a {color} color", ""),
    ("smells like {note} and {note}", "some {note} when i stick my face in",
     "i pick up {note} and a little {note}",
     "{note} {note} and {note}", "mostly {note} and {note}", ""),
    ("medium in weight", "for a {style}", "", "", ""),
    ("tastes like {note} and {note}", "{note} and {note} up front with {note} in the finish",
     "mostly {note}",
     "a lot going on with {note} and {note}", "finish of {note}", "not far from the smell", ""),
)  # fmt: skip
#: Headings of writers who go through the sheet.
HEADINGS = (
    ("a", "s", "t", "m", "o"), ("a", "s", "t", "m", "d"), ("app", "nose", "taste", "feel",
     "overall"),
    ("appearance", "smell", "taste", "mouthfeel", "overall"),
    ("appearance", "aroma", "taste", "palate", "drinkability"),
)  # fmt: skip
#: Their order in HEADINGS, and in most reviews.
SHEET = (0, 1, 3, 2, 4)
#: Turns from one aspect to the next where the writer's mood turns.
DOWN = ("unfortunately", "sadly", "but", "pity")
UP = ("luckily", "thankfully", "still", "but to my surprise")
#: Words between two opinions, before a noun phrase and before a clause: of the same sign, and not.
LINKS = (("and", "with", "along with", "plus"), ("and", "", "also", "and"))
CONTRASTS = (("but", "but", "but also", "though"), ("but", "though", "yet", "although", "but then"))
