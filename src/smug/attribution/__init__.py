"""Explanation methods, one a file."""

from smug.models import require_backend

require_backend()
