import pytest

from tests.unit.reviews.toy import write_shard


@pytest.fixture(scope="session")
def explained(tmp_path_factory):
    """Network, reviews and paths of a shard of two toy reviews."""
    return write_shard(tmp_path_factory.mktemp("shard"))
