"""Measures of an explanation."""

from smug.models import require_tensorflow

require_tensorflow()
