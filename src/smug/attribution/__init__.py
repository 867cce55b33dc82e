"""Explanation methods, one a file."""

from smug.models import require_tensorflow

require_tensorflow()
