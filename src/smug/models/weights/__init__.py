"""Weights from files of other frameworks."""
