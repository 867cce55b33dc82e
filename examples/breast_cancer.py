"""Write scikit-learn's breast cancer table and a small network of it: breast_cancer.py FOLDER."""

import sys
from pathlib import Path

import keras
import numpy as np
from sklearn.datasets import load_breast_cancer


def main(folder: Path) -> None:
    """Write the table and the network into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    data = load_breast_cancer(as_frame=True)
    # Scaled outside of the network: a masked feature, 0, is then an average one.
    scaled = (data.data - data.data.mean()) / data.data.std()
    values, classes = scaled.to_numpy(np.float32), data.target.to_numpy()
    # Class 0 is malignant; sorted, benign comes first, and so the network's classes are turned.
    names = data.target_names[classes]
    scaled.assign(label=names).to_csv(folder / "cells.csv", index=False)
    malignant = (names == "malignant").astype(np.float32)
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((values.shape[1],)),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    model.fit(values, malignant, epochs=15, verbose=0)
    _, accuracy = model.evaluate(values, malignant, verbose=0)
    model.save(folder / "network.keras")
    print(f"{folder}: {len(values)} rows and a network that knows {accuracy:.0%} of them")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
