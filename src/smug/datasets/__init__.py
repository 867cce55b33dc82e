"""Datasets, each yielding the same prepared arrays."""
