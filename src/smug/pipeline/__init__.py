"""The work of the stages, shard by shard, and the tables between them."""
