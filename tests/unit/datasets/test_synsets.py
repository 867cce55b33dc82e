import pytest

from smug.datasets.synsets import check_classes, class_names, read_synsets
from smug.errors import SmugError


def write(folder, name, text, encoding="utf-8"):
    (folder / name).write_bytes(text.encode(encoding))


def of_imagenet(folder, change):
    """A mapping of ImageNet's 1000 classes, changed."""
    rows = [f"n{i:08} {name.split(' (')[0]}, more" for i, name in enumerate(class_names())]
    write(folder, "LOC_synset_mapping.txt", "\n".join(change(rows)))
    return folder


def swapped(rows):
    return [*rows[:3], rows[4], rows[3], *rows[5:]]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows: rows[:7] + rows[8:], "lists 999 .*: 'cock' is missing in row 8"),
        (lambda rows: rows[:-1], "lists 999 .*'toilet tissue' is missing in row 1000"),
        (lambda rows: [*rows[:2], "n0 unicorn", *rows[2:]], "row 3, 'unicorn', is too much"),
        (swapped, "'tiger shark' is missing in row 4; row 5, 'tiger shark', is too much"),
        (lambda rows: ["n1 tench", "n2 goldfish"], "lists 2 classes, the network has 1000"),
    ],
)
def test_classes_that_are_not_the_networks_outputs_are_named(tmp_path, change, said):
    with pytest.raises(SmugError, match=said):
        check_classes(of_imagenet(tmp_path, change), 1000)


def test_the_right_classes_and_another_list_of_1000_pass(tmp_path):
    check_classes(of_imagenet(tmp_path, lambda rows: rows), 1000)
    other = of_imagenet(tmp_path, lambda rows: [f"n{i} other {i}" for i in range(1000)])
    check_classes(other, 1000)


def test_the_classes_that_a_network_was_trained_on_keep_their_order(tmp_path):
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    for folder, text in ((ours, "n1 a\nn2 b\n"), (theirs, "n2 b\nn1 a\n")):
        folder.mkdir()
        write(folder, "LOC_synset_mapping.txt", text)
    check_classes(ours, 2, trained_on=ours)
    with pytest.raises(SmugError, match="'n1' is missing in row 1; row 2, 'n1', is too much"):
        check_classes(theirs, 2, trained_on=ours)


@pytest.mark.shared
def test_the_real_mapping_fits_the_networks_of_imagenet(shared):
    check_classes(shared / "data" / "imagenet", 1000)


def test_a_synset_twice_is_named(tmp_path):
    write(tmp_path, "LOC_synset_mapping.txt", "n1 tench\nn2 goldfish\nn1 tench\n")
    with pytest.raises(SmugError, match="lists n1 more than once"):
        read_synsets(tmp_path)
