"""Write 200 generated heart beats, regular and early, and a small network: ecg.py FOLDER."""

import sys
from pathlib import Path

import keras
import numpy as np

STEPS = 120


def beat(place: float, early: bool) -> np.ndarray:
    """One heart beat: small wave, sharp spike, round wave; an early one has a broad spike."""
    step = np.arange(STEPS)

    def wave(centre: float, width: float, height: float) -> np.ndarray:
        return height * np.exp(-(((step - centre) / width) ** 2))

    spike = wave(place, 7.0, 1.2) if early else wave(place, 2.0, 1.0)
    small = 0 if early else wave(place - 22, 5.0, 0.15)
    return small + spike - wave(place + 5, 2.5, 0.25) + wave(place + 35, 9.0, 0.3)


def main(folder: Path) -> None:
    """Write the series, generated and said to be so, and the network into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    # Tables and figures will say so.
    (folder / "GENERATED.json").write_text('{"by": "examples/ecg.py"}\n')
    rng = np.random.default_rng(0)
    early = np.arange(200) % 2 == 1
    beats = np.array([beat(rng.uniform(40, 60), one) for one in early])
    beats = (beats + rng.normal(0, 0.03, beats.shape)).astype(np.float32)
    np.savez(folder / "beats.npz", x=beats, label=np.where(early, "early", "regular"))
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((STEPS, 1)),
            keras.layers.Conv1D(8, 7, activation="relu"),
            keras.layers.GlobalMaxPooling1D(),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )
    # Sorted, "early" is class 0.
    classes = (~early).astype(int)
    model.compile(
        keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    model.fit(beats[..., np.newaxis], classes, epochs=20, verbose=0)
    _, accuracy = model.evaluate(beats[..., np.newaxis], classes, verbose=0)
    model.save(folder / "network.keras")
    print(f"{folder}: 200 generated beats and a network that knows {accuracy:.0%} of them")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
