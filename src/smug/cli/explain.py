"""``smug explain``: images or a text."""

from __future__ import annotations

import argparse

from smug.errors import SmugError


def explain(options: argparse.Namespace) -> int:
    """Explain the images or the text given; the exit code of the command."""
    if bool(options.images) == (options.text is not None):
        raise SmugError(
            "smug explain needs one of IMAGE and --text; for example --text 'nice head'"
        )
    if options.text is None:
        from smug.cli.explain_images import explain_images

        return explain_images(options)
    from smug.cli.explain_text import explain_typed_text

    return explain_typed_text(options)
