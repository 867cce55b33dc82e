"""Inputs of the user's own: folders of images, tables of rows, series."""
