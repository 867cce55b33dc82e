"""Smallest sets of words that keep a text network's prediction."""
