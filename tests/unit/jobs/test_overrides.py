from hypothesis import given
from hypothesis import strategies as st

from smug.jobs.overrides import Override, flatten, hydra_value

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**9), 10**9),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Zl", "Zp"])),
)


@given(value=st.one_of(VALUES, st.lists(VALUES, max_size=4)))
def test_hydra_reads_back_what_hydra_value_writes(value):
    from hydra.core.override_parser.overrides_parser import OverridesParser

    parsed = OverridesParser.create().parse_override(f"key={hydra_value(value)}")
    assert _text(parsed.value()) == value


def _text(value):
    if isinstance(value, list):
        return [_text(item) for item in value]
    # A quoted string keeps its interpolation escaped until OmegaConf resolves it.
    return str(value) if isinstance(value, str) else value


TREES = st.recursive(
    st.dictionaries(st.from_regex(r"[a-z]{1,5}", fullmatch=True), VALUES, min_size=1, max_size=3),
    lambda inner: st.dictionaries(
        st.from_regex(r"[a-z]{1,5}", fullmatch=True), st.one_of(VALUES, inner), min_size=1
    ),
    max_leaves=8,
)


@given(tree=TREES)
def test_flatten_keeps_every_leaf_under_its_path(tree):
    rebuilt = {}
    for key, value in flatten(tree):
        node = rebuilt
        *parents, last = key.split(".")
        for name in parents:
            node = node.setdefault(name, {})
        node[last] = value
    assert rebuilt == _without_empty(tree)


def _without_empty(tree):
    kept = {k: _without_empty(v) if isinstance(v, dict) else v for k, v in tree.items()}
    return {k: v for k, v in kept.items() if v != {}}


def test_override_prints_as_hydra_reads_it():
    assert str(Override("solver.timeout", "5", "mnist")) == "solver.timeout=5"
