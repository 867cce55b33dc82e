import numpy as np

from smug.drawing.rows import drawn


def test_each_feature_is_a_bar_in_columns_of_its_own():
    (picture,) = drawn(np.array([[1.0, -1.0, 0.0, 0.5]]))
    assert picture.shape == (120, 480, 3)
    inked = (picture == (110, 120, 150)).all(axis=-1)
    heights = [inked[:, j * 120 + 60].sum() for j in range(4)]
    # 1 and -1 fill a half each, from the line at 0; 0 is that line.
    assert heights == [61, 60, 1, 31]
    assert not inked[:, :20].any()
    assert inked[0, 60]
    assert inked[-1, 180]


def test_a_series_is_a_curve_a_channel_that_crosses_every_column():
    steps = np.linspace(0, 1, 600)
    (picture,) = drawn(np.stack([steps, 1 - steps], axis=1)[np.newaxis])
    assert picture.shape == (120, 600, 3)
    first = (picture == (1, 115, 178)).all(axis=-1)
    assert first.any(axis=0).mean() > 0.99  # but where the other crosses it
    assert first[-1, 0]
    assert first[0, -1]


def test_equal_values_are_drawn():
    assert (drawn(np.zeros((2, 3))) < 255).any(axis=(1, 2, 3)).all()
