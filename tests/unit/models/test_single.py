"""Models of several inputs and outputs: one input is explained, one output, the rest is held."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

import smug
from smug.errors import SmugError
from smug.methods import METHODS, method_settings
from smug.models.single import single
from tests.drawn import drawn

FEW = {"steps": 8, "points": 2, "ascent_steps": 1, "members": 1, "top_k": 4, "limit": 1}
FEW |= {"gamma": 0.5, "window": 1, "time_limit": 5.0}
RNG = np.random.default_rng(0)
IMAGE = RNG.random((2, 5, 4, 2)).astype(np.float32)
TABLE = RNG.normal(size=(2, 3)).astype(np.float32)
WORDS = np.array([[1, 2, 3, 0], [4, 3, 2, 5]], np.int32)
ALL = {"photo": IMAGE, "facts": TABLE, "words": WORDS}


def three_inputs(dictionary=False):
    """Photograph, table and text; the table's layers run first."""
    photo, facts = keras.Input((5, 4, 2), name="photo"), keras.Input((3,), name="facts")
    words = keras.Input((4,), dtype="int32", name="words")
    known = layers.Dense(16, activation="relu", name="of_facts")(facts)
    seen = layers.Flatten()(layers.Conv2D(3, 2, activation="relu", name="of_photo")(photo))
    read = layers.Conv1D(3, 2, activation="relu", name="of_words")(layers.Embedding(6, 3)(words))
    read = layers.GlobalAveragePooling1D()(read)
    together = layers.Concatenate()([known, seen, read])
    answer = layers.Dense(3, activation="softmax")(layers.Dense(8, "tanh")(together))
    inputs = {"photo": photo, "facts": facts, "words": words} if dictionary else None
    return drawn(keras.Model(inputs or [photo, facts, words], answer, name="three"), 2)


class Called(keras.Model):
    """Takes a dict, and does not say its inputs."""

    def __init__(self, whole):
        super().__init__(name="called")
        self.whole = whole

    def call(self, x):
        return self.whole([x["photo"], x["facts"], x["words"]])


def explained(model, x, name, method, **settings):
    few = {key: value for key, value in FEW.items() if key in method_settings(method)}
    return smug.explain(model, x, method=method, explain=name, **few, **settings)


METHODS_OF = {
    "photo": [name for name in METHODS if name != "robust"],
    "facts": ["smug", "smug_base", "integrated_gradients", "gradients", "ggig", "sis"],
    "words": ["smug", "smug_base", "integrated_gradients", "gradients", "ggig", "sis"],
}


@pytest.mark.parametrize(
    ("name", "method"), [(name, method) for name, known in METHODS_OF.items() for method in known]
)
@pytest.mark.filterwarnings("ignore::smug.SmugWarning")
def test_every_method_explains_one_input_and_holds_the_others(name, method):
    model = three_inputs()
    made = explained(model, list(ALL.values()), name, method)
    scores = np.asarray(model(list(ALL.values())))
    np.testing.assert_array_equal(made.target, scores.argmax(axis=1))
    np.testing.assert_allclose(made.score, scores.max(axis=1), rtol=1e-5)
    np.testing.assert_array_equal(made.inputs, ALL[name])
    assert len(made.saliency()) == 2
    if made.mask is not None:
        assert made.mask.shape == {"photo": (2, 5, 4), "facts": (2, 3), "words": (2, 4)}[name]
    if method == "smug":
        assert made.record["first_layer"]["name"] == f"of_{name}"
        assert made.solver["confirmed"].all()
    if method in ("sis", "image_sis"):
        # What is kept alone keeps the score, with the other inputs as they are.
        if name == "words":
            return
        kept = made.mask[..., None] if name == "photo" else made.mask
        alone = np.asarray(model(list((ALL | {name: ALL[name] * kept}).values())))
        assert (alone[np.arange(2), made.target] >= 0.9 * made.score - 1e-6).all()


@pytest.mark.tensorflow("the other gradient is that of a GradientTape")
def test_gradients_are_those_of_the_whole_model():
    model = three_inputs()
    made = explained(model, ALL, "photo", "gradients")
    photo, facts, words = (tf.constant(value) for value in ALL.values())
    with tf.GradientTape() as tape:
        tape.watch(photo)
        score = tf.gather(model([photo, facts, words]), made.target, axis=1, batch_dims=1)
    np.testing.assert_allclose(made.values, tape.gradient(score, photo), atol=1e-7)


def test_integrated_gradients_sum_to_the_change_of_the_score_with_the_others_held():
    model = three_inputs()
    made = smug.explain(model, ALL, method="integrated_gradients", explain="facts", steps=2000)
    nothing = np.asarray(model([IMAGE, TABLE * 0, WORDS]))[np.arange(2), made.target]
    np.testing.assert_allclose(made.values.sum(axis=1), made.score - nothing, atol=1e-4)


@pytest.mark.parametrize("make", [three_inputs, lambda: three_inputs(True), "called"])
def test_inputs_by_order_by_name_and_of_a_model_that_does_not_say_them(make):
    if make == "called":
        model = Called(three_inputs())
        model(ALL)
        x = ALL
    else:
        model, x = make(), dict(reversed(ALL.items()))
    expected = explained(three_inputs(), list(ALL.values()), "photo", "gradients")
    for name in ("photo",) if make == "called" else ("photo", 0):
        made = explained(model, x, name, "gradients")
        np.testing.assert_allclose(made.values, expected.values, atol=1e-7)
        assert made.record["explain"] == "photo"


def test_one_row_is_held_for_all():
    model = three_inputs()
    x = ALL | {"facts": TABLE[:1]}
    twice = ALL | {"facts": np.repeat(TABLE[:1], 2, axis=0)}
    one, two = (explained(model, part, "photo", "gradients") for part in (x, twice))
    np.testing.assert_array_equal(one.values, two.values)
    single_row = explained(model, {name: v[0] for name, v in ALL.items()}, "photo", "gradients")
    np.testing.assert_allclose(
        single_row.values, explained(model, ALL, "photo", "gradients").values[:1], atol=1e-7
    )


def test_targets_are_each_inputs_own():
    model = three_inputs()
    both = explained(model, ALL, "photo", "gradients", target=np.array([2, 0]))
    for i, target in enumerate((2, 0)):
        alone = explained(model, ALL, "photo", "gradients", target=target)
        np.testing.assert_allclose(both.values[i], alone.values[i], atol=1e-7)
    assert both.target.tolist() == [2, 0]


def two_outputs(dictionary=False):
    keras.utils.set_random_seed(2)
    x = keras.Input((6, 5, 1))
    y = layers.Conv2D(4, 3, padding="same", activation="relu")(x)
    flat = layers.Flatten()(y)
    kind = layers.Dense(3, activation="softmax", name="kind")(flat)
    size = layers.Dense(1, activation="sigmoid", name="size")(flat)
    where = layers.Conv2D(2, 1, activation="softmax", name="where")(y)
    outputs = {"kind": kind, "size": size, "where": where}
    return keras.Model(x, outputs if dictionary else list(outputs.values()), name="two")


PLAIN = RNG.random((2, 6, 5, 1)).astype(np.float32)


@pytest.mark.parametrize("dictionary", [False, True])
@pytest.mark.parametrize("method", ["smug", "integrated_gradients", "gradcam", "image_sis", "sis"])
@pytest.mark.parametrize(("output", "number"), [("kind", 0), ("size", 1)])
@pytest.mark.filterwarnings("ignore::smug.SmugWarning")
def test_an_output_is_explained_as_a_model_of_its_own(dictionary, method, output, number):
    model = two_outputs(dictionary)
    struct = (
        model.output
        if dictionary
        else dict(zip(("kind", "size", "where"), model.output, strict=True))
    )
    alone = keras.Model(model.input, struct[output])
    few = {key: value for key, value in FEW.items() if key in method_settings(method)}
    expected = smug.explain(alone, PLAIN, method=method, **few)
    for name in (output, number):
        made = smug.explain(model, PLAIN, method=method, output=name, **few)
        np.testing.assert_allclose(made.values, expected.values, atol=1e-6)
        assert made.record["output"] == output
        assert made.record["model"]["parameters"] == model.count_params()


REDUCE = {
    "mean": lambda y: ops.mean(y, axis=(1, 2)),
    "sum": lambda y: ops.sum(y, axis=(1, 2)),
    "max": lambda y: ops.max(y, axis=(1, 2)),
}


@pytest.mark.parametrize("method", ["smug", "gradients", "sis", "ggig"])
@pytest.mark.parametrize("reduce", REDUCE)
@pytest.mark.filterwarnings("ignore::smug.SmugWarning")
def test_a_segmentation_map_is_explained_as_its_reduction(method, reduce):
    model = two_outputs()
    alone = keras.Model(model.input, layers.Lambda(REDUCE[reduce])(model.output[2]))
    few = {key: value for key, value in FEW.items() if key in method_settings(method)}
    expected = smug.explain(alone, PLAIN, method=method, **few)
    for given in (reduce, REDUCE[reduce]):
        made = smug.explain(model, PLAIN, method=method, output="where", reduce=given, **few)
        np.testing.assert_allclose(made.values, expected.values, atol=1e-5)
        np.testing.assert_array_equal(made.target, expected.target)


def test_the_score_of_a_segment_by_a_function():
    model = two_outputs()
    segment = np.zeros((6, 5, 1), np.float32)
    segment[2:4, 1:3] = 1

    def inside(y):
        return ops.sum(y * ops.convert_to_tensor(segment), axis=(1, 2))

    made = smug.explain(
        model, PLAIN, np.array([1, 1]), method="gradients", output="where", reduce=inside
    )
    where = np.asarray(model(PLAIN)[2])
    np.testing.assert_allclose(made.score, where[:, 2:4, 1:3, 1].sum(axis=(1, 2)), rtol=1e-5)
    # A convolution of 3 pixels a side sees one pixel around the segment, and no further.
    assert not made.values[:, 5].any()
    assert not made.values[:, :, 4].any()
    assert made.values[:, 1:5, 0:4].any()
    assert made.record["reduce"] == "inside"
    # One score for each input counts as one output.
    total = smug.explain(
        model,
        PLAIN,
        output="where",
        method="gradients",
        reduce=lambda y: ops.mean(y[..., 1], (1, 2)),
    )
    np.testing.assert_allclose(total.score, where[..., 1].mean(axis=(1, 2)), rtol=1e-5)


def test_the_choices_are_saved_and_read_again(tmp_path):
    made = explained(three_inputs(), ALL, "facts", "gradients", class_names=["a", "b", "c"])
    made.save(tmp_path / "made")
    again = smug.Explanation.load(tmp_path / "made")
    assert again.record["explain"] == "facts"
    assert set(again.record["held"]) == {"photo", "words"}
    assert again.record["held"]["words"]["shape"] == [2, 4]
    assert again.record == json.loads(json.dumps(made.record))
    other = explained(three_inputs(), ALL | {"words": WORDS + 0}, "facts", "gradients")
    assert other.record["held"] == made.record["held"]
    moved = explained(three_inputs(), ALL | {"words": WORDS * 0}, "facts", "gradients")
    assert moved.record["held"] != made.record["held"]
    mask = smug.explain(two_outputs(), PLAIN, method="gradients", output=2, reduce="mean")
    assert (mask.record["output"], mask.record["reduce"]) == ("where", "mean")


def test_a_held_map_beside_the_photograph_is_no_part_of_the_mask():
    """Both enter the first layer side by side; the held one is a constant of its responses."""
    keras.utils.set_random_seed(3)
    photo, depth = keras.Input((5, 4, 2), name="photo"), keras.Input((5, 4, 1), name="depth")
    conv = layers.Conv2D(6, 2, activation="relu", bias_initializer="normal", name="first")
    y = conv(layers.Concatenate()([photo, depth]))
    model = keras.Model([photo, depth], layers.Dense(3, "softmax")(layers.Flatten()(y)))
    maps = RNG.random((2, 5, 4, 1)).astype(np.float32)
    made = smug.explain(
        model, [IMAGE, maps], explain="photo", gamma=0.5, top_k=20, steps=10, window=1
    )
    assert made.mask.shape == (2, 5, 4)
    assert made.solver["confirmed"].all()
    whole, kept = (
        np.asarray(conv(np.concatenate([part, maps], axis=-1)))
        for part in (IMAGE, IMAGE * made.mask[..., None])
    )
    # More than half of each chosen response is kept: at least as many nodes as were chosen.
    assert (np.count_nonzero((kept > 0.5 * whole) & (whole > 0), axis=(1, 2, 3)) >= 20).all()


@pytest.mark.parametrize(
    ("make", "x", "choice", "message"),
    [
        (three_inputs, ALL, {}, r"has 3 inputs \('photo', 'facts', 'words'\); say which one"),
        (three_inputs, ALL, {"explain": "phot"}, "unknown input 'phot'.*Did you mean 'photo'"),
        (three_inputs, ALL, {"explain": 3}, r"input 3 is outside \[0, 3\)"),
        (three_inputs, ALL, {"explain": 1.5}, "unknown input 1.5; known: facts, photo, words"),
        (three_inputs, IMAGE, {"explain": "photo"}, "is no list or dict of as many arrays"),
        (three_inputs, {"photo": IMAGE}, {"explain": "photo"}, "x holds the inputs 'photo'; model"),
        (
            three_inputs,
            ALL | {"facts": TABLE[:, :2]},
            {"explain": "photo"},
            r"'three, input facts' takes batches of shape \(None, 3\)",
        ),
        (
            three_inputs,
            ALL | {"facts": np.repeat(TABLE, 2, axis=0)},
            {"explain": "photo"},
            "input 'facts' has 4 rows, and 'photo', which is explained, has 2",
        ),
        (
            three_inputs,
            ALL | {"facts": TABLE * 1j},
            {"explain": "photo"},
            r"of type complex\d+ is no array of numbers; model 'three, input facts'",
        ),
        (
            three_inputs,
            ALL | {"words": np.full((2, 4), 9)},
            {"explain": "photo"},
            r"does not run on inputs.*(9 is not in \[0, 6\)|index out of range)|"
            r"the word id 9 in input 0 is not .* in \[0, 6\)",
        ),
        (three_inputs, {n: v[:0] for n, v in ALL.items()}, {"explain": "photo"}, "no input"),
        (two_outputs, PLAIN, {}, r"has 3 outputs \('kind' \(None, 3\), 'size' .*output='kind'"),
        (two_outputs, PLAIN, {"output": "knd"}, "unknown output 'knd'.*Did you mean 'kind'"),
        (two_outputs, PLAIN, {"output": -1}, r"output -1 is outside \[0, 3\)"),
        (two_outputs, PLAIN, {"output": "where"}, r"shape \(None, 6, 5, 2\); .*reduce='mean'"),
        (two_outputs, PLAIN, {"output": 0, "reduce": "mean"}, "class scores already; leave"),
        (two_outputs, PLAIN, {"output": 2, "reduce": "men"}, "unknown reduce 'men'.*'mean'"),
        (two_outputs, PLAIN, {"output": 2, "reduce": 3}, "reduce=3 is no reduction; allowed: mean"),
        (
            two_outputs,
            PLAIN,
            {"output": 2, "reduce": ops.mean},
            r"reduce=mean makes shape \(\) of two outputs of shape \(None, 6, 5, 2\)",
        ),
        (
            two_outputs,
            PLAIN,
            {"output": 2, "reduce": lambda y: ops.reshape(y, (-1, 7))},
            "reduce=<lambda> does not run on an output of shape",
        ),
        (two_outputs, PLAIN, {"output": 0, "explain": "photo"}, "unknown input 'photo'"),
    ],
)
def test_wrong_choices_are_named(make, x, choice, message):
    with pytest.raises(SmugError, match=message):
        smug.explain(make(), x, method="gradients", **choice)


def test_a_model_of_one_input_and_scores_is_taken_as_it_is():
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2)])
    assert single(model, TABLE) is None
    assert single(model, TABLE, explain=0) is None
    with pytest.raises(SmugError, match="unknown output 'kind'"):
        single(model, TABLE, output="kind")


def test_the_model_and_its_weights_are_left_alone():
    model = three_inputs()
    before = [weight.numpy().copy() for weight in model.weights]
    count = len(model.weights)
    explained(model, ALL, "photo", "geometric_ensemble")
    assert len(model.weights) == count
    for weight, value in zip(model.weights, before, strict=True):
        np.testing.assert_array_equal(weight.numpy(), value)
