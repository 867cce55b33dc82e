"""Reviews explained: highlighted words, sufficient words, scores."""
