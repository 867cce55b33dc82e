"""Sections and files that the stages of one family share."""
