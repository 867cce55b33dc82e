import dataclasses
import re

import pytest

from smug.jobs.settings import SCHEMAS


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=[name for _, name in SCHEMAS])
def test_every_field_of_a_schema_says_its_meaning_in_one_sentence(schema):
    for field in dataclasses.fields(schema):
        assert re.fullmatch(r"[A-Z].{9,}\.", field.metadata.get("help", "")), field.name
