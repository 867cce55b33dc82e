"""Write 200 generated reviews of two classes, and a small network of them: reviews.py FOLDER."""

import json
import sys
from pathlib import Path

import keras
import numpy as np

LENGTH = 16
WORDS = {
    "good": ("lovely", "crisp", "bright", "wonderful", "balanced"),
    "bad": ("stale", "flat", "harsh", "dull", "sour"),
}
OTHERS = ("the", "a", "glass", "beer", "with", "and", "of", "this", "foam", "taste", "it", "was")


def write(rng: np.random.Generator, label: str) -> tuple[str, list[list[int]]]:
    """A text of neutral words in which one or two say the class, and the places of these."""
    words = rng.choice(OTHERS, rng.integers(8, 14)).tolist()
    places = sorted(rng.choice(len(words), rng.integers(1, 3), replace=False).tolist())
    for place in places:
        words[place] = str(rng.choice(WORDS[label]))
    return " ".join(words), [[place, place + 1] for place in places]


def main(folder: Path) -> None:
    """Write the texts, the vocabulary and the network into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    # Tables and figures will say so.
    (folder / "GENERATED.json").write_text('{"by": "examples/reviews.py"}\n')
    rng = np.random.default_rng(0)
    labels = ["good" if i % 2 else "bad" for i in range(200)]
    texts = [(*write(rng, label), label) for label in labels]
    with open(folder / "reviews.jsonl", "w", encoding="utf-8") as file:
        for text, spans, label in texts:
            file.write(json.dumps({"text": text, "label": label, "rationale": spans}) + "\n")
    known = sorted({*OTHERS, *WORDS["good"], *WORDS["bad"]})
    vocabulary = ["", "[UNK]", *known]
    (folder / "vocabulary.txt").write_text("\n".join(vocabulary), "utf-8")
    ids = np.zeros((200, LENGTH), np.int32)
    for i, (text, _, _) in enumerate(texts):
        numbered = [vocabulary.index(word) for word in text.split()]
        ids[i, : len(numbered)] = numbered
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((LENGTH,), dtype="int32"),
            keras.layers.Embedding(len(vocabulary), 8),
            keras.layers.Conv1D(16, 3, activation="relu"),
            keras.layers.GlobalMaxPooling1D(),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    # Sorted, "bad" is class 0.
    good = np.array([label == "good" for label in labels], np.float32)
    model.compile(keras.optimizers.Adam(0.02), "binary_crossentropy", metrics=["accuracy"])
    model.fit(ids, good, epochs=15, verbose=0)
    _, accuracy = model.evaluate(ids, good, verbose=0)
    model.save(folder / "network.keras")
    print(f"{folder}: 200 generated texts and a network that knows {accuracy:.0%} of them")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
