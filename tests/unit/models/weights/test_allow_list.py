import io
import pickle
import pickletools

import pytest

from smug.errors import SmugError
from smug.models.weights.allow_list import unpickle


class Called(Exception):
    pass


def called(*arguments):
    raise Called(arguments)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_reads_plain_values_of_every_protocol(protocol):
    content = {"a": [1, 2.5, None, True, b"x" * 300], "b": ("é", {3})}
    allowed = {("builtins", "set"): set, ("__builtin__", "set"): set}
    if protocol < 3:  # bytes are written as a call there
        allowed |= {("_codecs", "encode"): lambda text, code: text.encode(code)}
    file = io.BytesIO(pickle.dumps(content, protocol) + b"rest")
    assert unpickle(file, allowed) == content
    assert file.read() == b"rest"


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_what_stands_for_a_name_is_taken_and_every_other_one_refused(protocol):
    data = pickle.dumps(called, protocol)
    name = (called.__module__, "called")
    assert unpickle(io.BytesIO(data), {name: "stand-in"}) == "stand-in"
    with pytest.raises(SmugError, match=r"asks for tests\..*called.*allowed: a\.b\. Do not trust"):
        unpickle(io.BytesIO(data), {("a", "b"): None})


def test_a_registered_extension_is_no_way_around_the_names():
    import copyreg

    copyreg.add_extension(called.__module__, "called", 240)
    try:
        data = pickle.dumps(called, 2)
        assert b"\x82\xf0" in data  # EXT1 240
        with pytest.raises(SmugError, match="called"):
            unpickle(io.BytesIO(data), {})
    finally:
        copyreg.remove_extension(called.__module__, "called", 240)


def test_persistent_ids_are_asked_for_or_refused():
    data = b"\x80\x02X\x03\x00\x00\x00keyQ."
    assert unpickle(io.BytesIO(data), {}, persistent=str.upper) == "KEY"
    with pytest.raises(ValueError, match="persistent id 'key'"):
        unpickle(io.BytesIO(data), {})


@pytest.mark.parametrize("store", [b"r\xff\xff\xff\xff", b"p4294967295\n"])
def test_a_place_far_beyond_the_file_makes_no_room_in_memory(store):
    data = b"\x80\x02]" + store + b"."
    assert [code.name for code, _, _ in pickletools.genops(data)][2] in ("LONG_BINPUT", "PUT")
    with pytest.raises(ValueError, match="place 4294967295 of its memory"):
        unpickle(io.BytesIO(data), {})
