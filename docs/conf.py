"""Settings of the documentation site; ``make docs`` builds it."""

import tomllib
from pathlib import Path

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from pygments.lexers.special import TextLexer
from sphinx.addnodes import pending_xref

ROOT = Path(__file__).resolve().parents[1]
#: Pages of the site that are files of the root.
FILES = {"DATA.md": "data", "CHANGELOG.md": "changelog", "CONTRIBUTING.md": "contributing"}

project = "smug"
author = "The smug developers"
release = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
]
exclude_patterns = ["build", "reference"]
templates_path = ["templates"]

html_theme = "furo"
html_title = f"smug {release}"
html_static_path = ["static"]
html_css_files = ["wide_tables.css"]
html_show_sourcelink = False
html_math_renderer = "mathml"

myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say types, with their shapes
napoleon_google_docstring = False
# Types in docstrings are prose ("numpy.ndarray of bool, shape (n,)") and no references.
napoleon_use_param = False
napoleon_use_rtype = False
# OR-Tools must not be loaded into a process that has loaded HiGHS: both bring their own copy.
# Torch is not in the lock.
autodoc_mock_imports = ["onnx", "onnx2torch", "ortools", "torch"]
# A reference to something that is not there is a warning, and a warning ends the build.
nitpicky = True
nitpick_ignore_regex = [("py:class", ".*")]


def inline_formula(translator, node):
    """Write a formula inside a line."""
    translator.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def formula(translator, node):
    """Write a formula on lines of its own."""
    translator.body.append(f"<p>{tex2mathml(node.astext(), as_block=True)}</p>")
    raise nodes.SkipNode


def link_to_pages(app, doctree):
    """Turn links to files of the repository's root into links to the pages that show them."""
    for node in doctree.findall(pending_xref):
        if page := FILES.get(node["reftarget"]):
            node["refdomain"], node["reftype"], node["reftarget"] = "std", "doc", page


def setup(app):
    """Write formulas as MathML: every browser shows them without a script from elsewhere."""
    app.connect("doctree-read", link_to_pages)
    app.add_lexer("layers", TextLexer)  # the block of architecture.md that a test reads
    app.add_html_math_renderer("mathml", (inline_formula, None), (formula, None))
