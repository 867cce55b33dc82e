"""``python -m smug.cli``, the command without an installed script."""

from smug.cli import main

main()
