"""Lines of native code that the terminal shows while Keras is imported."""

import os

import pytest

from smug.cli import startup


def _fail():
    os.write(2, b"why it failed\n")
    raise ImportError


def test_what_is_said_is_shown_only_after_an_error(capfd):
    with startup._held():
        os.write(2, b"native chatter\n")
    assert capfd.readouterr().err == ""
    with pytest.raises(ImportError), startup._held():
        _fail()
    os.write(2, b"later\n")
    assert capfd.readouterr().err == "why it failed\nlater\n"
