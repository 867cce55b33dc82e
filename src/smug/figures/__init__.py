"""Figures and tables, one a file; they read result tables only."""
