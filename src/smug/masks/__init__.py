"""Mask problems and the exact solvers that answer them; knows arrays, no Keras."""
