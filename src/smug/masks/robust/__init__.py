"""Robust sets: the fewest features that keep a class whatever all others become."""
