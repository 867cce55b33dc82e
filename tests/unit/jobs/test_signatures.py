import dataclasses
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from smug.errors import SmugError
from smug.jobs import home, signatures
from smug.jobs.run import JobSettings
from smug.jobs.settings import SCHEMAS
from smug.jobs.signatures import File


def test_no_stage_imports_keras_before_the_job_set_its_threads_and_backend():
    code = "import sys\n" + "".join(
        f"import smug.stages.{stage}\nassert 'keras' not in sys.modules, {stage!r}\n"
        for stage in signatures.stages()
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def test_every_stage_has_its_rule():
    rules = "".join(path.read_text() for path in (home.HOME / "workflow/rules").glob("*.smk"))
    made = re.findall(r"^use rule stage as (\w+) with:", rules, re.M)
    assert signatures.stages() == sorted(made)


@pytest.mark.parametrize("stage", signatures.stages())
def test_a_stage_takes_the_sections_and_files_that_its_source_shows(stage):
    found = signatures.signature(stage)
    module = importlib.import_module(f"smug.stages.{stage}")
    sections, files = (dataclasses.fields(of) for of in (module.Sections, module.Files))
    assert [f.name for f in sections if f.type is not JobSettings] == list(found.sections)
    assert [f.name for f in files] == [f.name for f in found.files]
    for field, file in zip(files, found.files, strict=True):
        assert field.type == (list[Path] if file.several else Path)
        optional = field.default_factory is not dataclasses.MISSING
        assert optional == file.optional


def test_sections_of_a_stage_are_of_the_schemas_that_fill_them():
    classes = {}
    for (section, _), schema in SCHEMAS.items():
        classes.setdefault(section, []).append(schema)
    for stage in signatures.stages():
        module = importlib.import_module(f"smug.stages.{stage}")
        for field in dataclasses.fields(module.Sections):
            if field.type is not JobSettings:
                fits = [s for s in classes[field.name] if issubclass(s, field.type)]
                assert fits, f"{stage}: {field.name}"


FAMILY = """
@dataclass(frozen=True)
class Sections:
    dataset: DatasetSettings
    job: JobSettings


@dataclass(frozen=True)
class Base:
    data: Path
    maps: list[Path]


@dataclass(frozen=True)
class WithRecord(Base):
    record: Path
"""
TOY = """
from smug.stages.families.toys import Sections as Sections
from smug.stages.families.toys import WithRecord as Common


@dataclass(frozen=True)
class Files(Common):
    masks: list[Path]
    maps: list[Path] = field(default_factory=list)
"""


@pytest.fixture
def toys(tmp_path, monkeypatch):
    """Folder of stages of our own, with one family."""
    monkeypatch.setattr(signatures, "STAGES", tmp_path)
    monkeypatch.setattr(signatures, "FAMILIES", tmp_path / "families")
    (tmp_path / "families").mkdir()
    (tmp_path / "families" / "toys.py").write_text(FAMILY)
    signatures.signature.cache_clear()
    yield tmp_path
    signatures.signature.cache_clear()


def test_a_stage_has_the_sections_and_files_of_its_family_too(toys):
    (toys / "toy.py").write_text(TOY)
    assert signatures.stages() == ["toy"]
    found = signatures.signature("toy")
    assert found.sections == ("dataset",)
    assert found.files == (
        File("data", several=False, optional=False),
        File("maps", several=True, optional=True),
        File("record", several=False, optional=False),
        File("masks", several=True, optional=False),
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TOY.replace("Files(Common)", "Files(Unknown)"), "declares no dataclass Unknown"),
        (TOY.replace("import WithRecord", "import Other"), "declares no dataclass Other"),
        (TOY.replace("families.toys import Sections", "foreign import Sections"), "no dataclass S"),
        (TOY.replace("masks: list[Path]", "masks: str"), r"Files\.masks is a str; known: Path"),
    ],
)
def test_what_a_stage_does_not_declare_is_named(toys, text, said):
    (toys / "toy.py").write_text(text)
    with pytest.raises(SmugError, match=rf"^stage toy.*{said}"):
        signatures.signature("toy")
