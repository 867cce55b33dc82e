"""Beer reviews with aspect scores and human rationales."""
