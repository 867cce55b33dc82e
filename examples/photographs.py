"""Write 12 photographs that packages ship, and a small network of them: photographs.py FOLDER."""

import sys
from pathlib import Path

import keras
import numpy as np
import pandas as pd
from PIL import Image
from skimage import data
from sklearn.datasets import load_sample_images

SIDE = 32
#: Photographs of scikit-image by what they show.
SHOWN = {
    "living": ("cat", "astronaut", "camera", "retina"),
    "thing": ("coffee", "rocket", "coins", "page", "brick", "grass"),
}


def pictures() -> list[tuple[str, np.ndarray, str]]:
    """Name, pixels and class of each photograph."""
    found = [
        (name, np.asarray(getattr(data, name)()), label)
        for label, names in SHOWN.items()
        for name in names
    ]
    china, flower = load_sample_images().images
    return [*found, ("china", china, "thing"), ("flower", flower, "living")]


def main(folder: Path) -> None:
    """Write the photographs, a table of their classes, and the network into a folder."""
    (folder / "photographs").mkdir(parents=True, exist_ok=True)
    rows, inputs = [], []
    for name, pixels, label in pictures():
        image = Image.fromarray(pixels).convert("RGB")
        image.save(folder / "photographs" / f"{name}.png")
        rows.append({"path": f"photographs/{name}.png", "label": label})
        inputs.append(np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BILINEAR)))
    table = pd.DataFrame(rows)
    table.to_csv(folder / "photographs.csv", index=False)
    classes = table["label"].eq("thing").to_numpy(int)
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 3)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Conv2D(8, 5, strides=2, activation="relu"),
            keras.layers.Conv2D(16, 3, activation="relu"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )
    model.compile(
        keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    model.fit(np.array(inputs), classes, epochs=60, verbose=0)
    _, accuracy = model.evaluate(np.array(inputs), classes, verbose=0)
    model.save(folder / "network.keras")
    print(f"{folder}: {len(rows)} photographs and a network that knows {accuracy:.0%} of them")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
