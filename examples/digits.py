"""Write 200 of scikit-learn's digits, one folder a class, and a small network: digits.py FOLDER."""

import sys
from pathlib import Path

import keras
import numpy as np
from PIL import Image
from sklearn.datasets import load_digits


def main(folder: Path) -> None:
    """Write the images and the network into a folder."""
    digits = load_digits()
    # Their pixels run from 0 to 16.
    images = np.rint(digits.images * (255 / 16)).astype(np.uint8)
    for i, (image, label) in enumerate(zip(images[:200], digits.target[:200], strict=True)):
        path = folder / "images" / str(label) / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Conv2D(8, 3, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(images[200:, ..., np.newaxis], digits.target[200:], epochs=10, verbose=0)
    _, accuracy = model.evaluate(images[:200, ..., np.newaxis], digits.target[:200], verbose=0)
    model.save(folder / "network.keras")
    print(f"{folder}: 200 digits and a network that knows {accuracy:.0%} of them")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
