"""The work of the stages, shard by shard, and the tables between them."""

from smug.models import require_backend

require_backend()
