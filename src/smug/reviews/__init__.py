"""Reviews explained: highlighted words, sufficient words, scores."""

from smug.models import require_backend

require_backend()
