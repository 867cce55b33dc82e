import pytest

from smug import cli
from smug.cli.methods import chosen_methods, read_settings
from smug.errors import SmugError
from smug.methods import METHODS


@pytest.mark.parametrize(
    ("method", "word", "value"),
    [
        ("smug", "margin=1e-4", 1e-4),
        ("smug", "gamma=0", 0.0),
        ("smug", "top_k=null", None),
        ("smug", "layer=12", "12"),
        ("smug", "scoring=max", "max"),
        ("integrated_gradients", "baseline=white", "white"),
        ("integrated_gradients", "adaptive=true", True),
        ("integrated_gradients", "input_range=[-1, 1]", (-1.0, 1.0)),
    ],
)
def test_settings_have_the_types_of_the_method(method, word, value):
    (found,) = read_settings([method], [word])[method].values()
    assert found == value
    assert type(found) is type(value)


def test_methods_are_listed(capsys):
    cli.main(["methods"])
    said = capsys.readouterr().out
    assert "smug: " in said
    assert "    needs a linear first layer, gradients\n    answers values and a mask\n" in said
    assert "    top_k=None" in said
    assert "gradcam: " in said
    assert "\nsis: " in said


def test_several_methods_get_the_settings_that_they_have():
    words = ["steps=8", "gamma=0.5", "points=4"]
    assert read_settings(["smug", "integrated_gradients", "ggig", "gradcam"], words) == {
        "smug": {"steps": 8, "gamma": 0.5},
        "integrated_gradients": {"steps": 8},
        "ggig": {"points": 4},
        "gradcam": {},
    }


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (None, ["smug"]),
        (["gradcam"], ["gradcam"]),
        (["smug,gradcam", "smug", "gradients"], ["smug", "gradcam", "gradients"]),
        (["all"], list(METHODS)),
    ],
)
def test_methods_are_named_once_each(words, names):
    assert chosen_methods(words) == names


@pytest.mark.parametrize("word", ["gradcm", "smug,gradcm", "", "smug,"])
def test_an_unknown_method_is_named(word):
    with pytest.raises(SmugError, match="unknown method"):
        chosen_methods([word])


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("top_k", "is not KEY=VALUE"),
        ("top_k=", "is not a whole number or null"),
        ("top_k=abc", "is not a whole number or null"),
        ("top_k=2.5", "is not a whole number or null"),
        ("gamma=[1", "is not a number"),
        ("gamma=true", "is not a number"),
        ("gamma=" + "[" * 100_000, "is not a number"),
        ("topk=3", "Did you mean 'top_k'"),
    ],
)
def test_a_wrong_setting_is_named(word, said):
    with pytest.raises(SmugError, match=r"--set|setting of method") as found:
        read_settings(["smug"], [word])
    assert said in str(found.value)


@pytest.mark.parametrize("word", ["input_range=[a]", "input_range=[null]", "input_range=[true]"])
def test_a_list_holds_numbers(word):
    with pytest.raises(SmugError, match="list of numbers"):
        read_settings(["integrated_gradients"], [word])
