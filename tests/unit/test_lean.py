"""Keras without what it imports along, each time in a process of its own."""

import subprocess
import sys

from smug.lean import EXTRAS


def printed(code):
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return done.stdout.split()


def test_keras_comes_without_the_extras_which_others_import_as_ever():
    code = (
        "import sys; from smug.lean import without_extras; without_extras();"
        "import tensorflow, keras; print(*sys.modules);"
        "import pandas, matplotlib, sklearn; print('all', pandas.Series([1]).sum())"
    )
    said = printed(code)
    imported = set(said[: said.index("all")])
    assert {"keras", "tensorflow"} <= imported
    assert not set(EXTRAS) & imported
    assert said[-1] == "1"


def test_what_is_imported_already_stays():
    code = (
        "import sys, pandas; from smug.lean import without_extras; without_extras();"
        "import keras; print(sys.modules['pandas'] is pandas, 'sklearn' in sys.modules);"
        "before = len(sys.meta_path); without_extras(); print(len(sys.meta_path) == before);"
        "print(keras.__spec__.loader.get_filename('keras').endswith('__init__.py'))"
    )
    assert printed(code) == ["True", "False", "True", "True"]
