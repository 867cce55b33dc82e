import numpy as np
import pytest

from smug.datasets.mnist import Digits
from smug.datasets.prepared import PreparedImages
from smug.errors import SmugError
from smug.io import save_arrays
from smug.pipeline.shards import AttributedShard, SaliencyShard, SolvedShard
from smug.reviews.sufficient_words import WordSetShard

READERS = (AttributedShard, SaliencyShard, SolvedShard, WordSetShard, Digits, PreparedImages)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    "arrays", [{}, {"ids": np.arange(3)}, {"ids": np.bool_(True), "masks": np.array("x")}]
)
def test_arrays_of_another_step_are_refused_by_name(tmp_path, reader, arrays):
    save_arrays(tmp_path / "other.npz", arrays)
    with pytest.raises(SmugError, match=r"other\.npz"):
        reader.load(tmp_path / "other.npz")
