"""Datasets and networks of the user's own, by the kind of their inputs."""

from __future__ import annotations

from dataclasses import dataclass

from smug.jobs.settings.datasets import DatasetSettings
from smug.jobs.settings.meanings import described
from smug.jobs.settings.models import ModelSettings

#: Pixel values that a network of images takes, see :mod:`smug.models.own`.
PIXELS = ("auto", "unit", "centred", "pixels", "torch", "caffe")
#: What is done to columns of numbers before a network gets them.
COLUMNS = ("none", "standard")


@dataclass
class OwnSettings(DatasetSettings):
    """Inputs of the user's own, and which of them are explained."""

    source: str = described(
        "Whether the inputs are real (`files`) or made up by a program (`generated`), which tables "
        "and figures then say.",
        allowed=("files", "generated"),
    )
    root: str | None = described("Folder or file of the inputs.", None)
    label: str | None = described(
        "Column or array of the true classes; null: the one called `label`, if there is one.", None
    )
    classes: list[str] = described(
        "Names of the classes in the order of the network's outputs; empty: the labels, sorted.", []
    )
    selection: str = described(
        "Which inputs are explained: `all`, or those that the network classifies as their label "
        "says (`correct`).",
        allowed=("all", "correct"),
    )


@dataclass
class OwnImagesSettings(OwnSettings):
    """A folder of images, those of a class in one folder, or a table of their paths."""

    colour: bool = described(
        "Whether the network takes images in colour (three channels) or in grey (one)."
    )


@dataclass
class OwnTableSettings(OwnSettings):
    """A table of features, one row an input."""

    ids: str | None = described("Column that names each row; null: its number.", None)
    columns: list[str] = described(
        "Columns that the network takes, in its order; empty: all but those of labels and names.",
        [],
    )
    one_hot: list[str] = described(
        "Columns of categories, each of which becomes a column of zeros and ones for every "
        "category, sorted.",
        [],
    )
    codes: list[str] = described(
        "Columns of categories that become their numbers in the sorted order, from 0 on.", []
    )


@dataclass
class OwnSeriesSettings(OwnSettings):
    """Series of numbers, all of one length."""

    inputs: str | None = described(
        "Array of an `.npz` file that holds the series; null: the one called `x`, or the only "
        "other one than the labels.",
        None,
    )


@dataclass
class OwnTextsSettings(OwnSettings):
    """A table of texts, one row an input."""

    text: str = described("Column of the texts.")
    ids: str | None = described("Column that names each text; null: its number.", None)
    rationale: str | None = described(
        "Column of the words that humans marked, as `[[start, end], …]` with words counted from 0, "
        "the end left out; null: the one called `rationale`, if there is one.",
        None,
    )


@dataclass
class OwnModelSettings(ModelSettings):
    """A network of the user's own."""

    file: str | None = described(
        "The network: a `.keras`, `.h5` or `.onnx` file, or `module:function` of Python code of "
        "yours that returns it.",
        None,
    )


@dataclass
class OwnImagesModelSettings(OwnModelSettings):
    """A network of images."""

    preprocessing: str = described(
        "Numbers that the network takes for a pixel: `unit` (0 to 1), `centred` (-1 to 1), "
        "`pixels` (0 to 255), `torch` or `caffe` (the mean of ImageNet subtracted as these do), "
        "or what the network's own layers say (`auto`).",
        allowed=PIXELS,
    )


@dataclass
class OwnTextsModelSettings(OwnModelSettings):
    """A network of texts, which begins with an embedding of word ids."""

    vocabulary: str | None = described(
        "Words by their ids: a `.txt` file with one a line from id 0 on, as Keras's "
        "`TextVectorization` lists them, or a `.json` file with such a list or with a mapping from "
        "words to ids.",
        None,
    )
    padding: str = described(
        "Where short texts are filled up with the id 0, and long ones cut: at the `end` or at the "
        "`front`.",
        allowed=("end", "front"),
    )


@dataclass
class OwnRowsModelSettings(OwnModelSettings):
    """A network of tables or series."""

    preprocessing: str = described(
        "What is done to the numbers before the network gets them: nothing (`none`), or each "
        "column minus its mean, by its standard deviation (`standard`).",
        allowed=COLUMNS,
    )
