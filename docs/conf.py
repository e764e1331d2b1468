"""How the handbook is built (``make docs``): MyST pages, code run at build, nothing fetched."""

from __future__ import annotations

import logging
import os
import re
from html import unescape
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml

import rmresearch
from rmresearch.colours import ACCENT, COMPARISON, DARK, EDGE, INK, PAPER, TINT, lighter_on, tinted

HERE = Path(__file__).parent
MATHML = "http://www.w3.org/1998/Math/MathML"
ElementTree.register_namespace("", MATHML)
#: the converter's marks over letters, and those that fonts have
ACCENTS = {"ˉ": "¯", "ˆ": "ˆ", "˜": "˜"}
#: a drawing that stands alone, with its address
DRAWING = re.compile(r'<p>(<img [^>]*src="([^"]+\.svg)"[^>]*>)</p>')
#: what HTML has names for and XML has not
NAMED = re.compile("&(?!lt;|gt;|amp;)[A-Za-z]+;")
#: pages draw with shown.py, in kernels of their own
os.environ["PYTHONPATH"] = os.pathsep.join(
    part for part in (str(HERE), os.environ.get("PYTHONPATH")) if part
)
#: each page's start would be a line of its own
logging.getLogger("traitlets").setLevel(logging.WARNING)
#: whatever the reader's own kernels are set to do, these do not
os.environ["IPYTHONDIR"] = str(HERE / "_ipython")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

project = "rmresearch"
author = "The rmresearch authors"
version = release = rmresearch.__version__
copyright = f"the rmresearch authors, MIT licence. This is the handbook of version {version}"
language = "en"

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "_ipython", "examples", "**.ipynb_checkpoints"]
nitpicky = False

myst_enable_extensions = ["dollarmath", "colon_fence", "deflist", "attrs_inline"]
myst_heading_anchors = 3
#: pages that are not marked as notebooks show their code and do not run it
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_show_tb = True
nb_execution_timeout = 300
nb_merge_streams = True
nb_code_prompt_show, nb_code_prompt_hide = "Show the code", "Hide the code"
#: nothing from another host, not even for widgets
nb_ipywidgets_js: dict[str, Any] = {}

autodoc_typehints = "description"
autosummary_generate = True
napoleon_google_docstring = True

html_math_renderer = "mathml"
html_theme = "furo"
html_title = "rmresearch handbook"
html_static_path = ["_static"]
html_css_files = ["handbook.css"]
html_copy_source = False
html_show_sphinx = False
html_last_updated_fmt = None
#: summaries beside what was found would be fetched, which a page opened as a file may not
html_show_search_summary = False
html_sidebars = {
    "**": [f"sidebar/{one}.html" for one in ("brand", "search", "scroll-start", "navigation")]
    + ["sidebar/scroll-end.html"]
}


def _look(paper: str, ink: str, accent: str, panel: str, line: str) -> dict[str, str]:
    """The house's colours by the names that the theme has for them."""
    return {
        "color-foreground-primary": ink,
        "color-background-primary": paper,
        "color-background-secondary": panel,
        "color-background-border": line,
        "color-brand-primary": accent,
        "color-brand-content": accent,
        "color-brand-visited": accent,
        "color-sidebar-link-text--top-level": ink,
        "color-sidebar-search-text": ink,
        "color-admonition-title": accent,
        "color-admonition-title-background": panel,
    }


_LIGHT = lighter_on(ACCENT, DARK, 7.0)
_PANEL = tinted(DARK, _LIGHT, 0.08)
html_theme_options = {
    "light_css_variables": _look(PAPER, INK, ACCENT, TINT, EDGE),
    "dark_css_variables": _look(
        DARK, lighter_on(INK, DARK, 12.0), _LIGHT, _PANEL, tinted(DARK, _LIGHT, 0.3)
    )
    | {"color-foreground-muted": lighter_on(COMPARISON, _PANEL, 5.0)},
}


def _mathml(text: str, *, block: bool) -> str:
    """A formula; accents stand clear of their letter, and a letter's index beside it, not under."""
    made = NAMED.sub(lambda one: unescape(one[0]), tex2mathml(text, as_block=block))
    root = ElementTree.fromstring(made)
    for one in list(root.iter()):
        mark = one[-1] if len(one) else None
        if mark is None or mark.text not in ACCENTS:
            continue
        mark.text = ACCENTS[mark.text]
        one.attrib.pop("accent", None)  # without a font for formulas it would cover the letter
        if one.tag == f"{{{MATHML}}}munderover":
            letter, index, _ = one
            over = ElementTree.Element(f"{{{MATHML}}}mover")
            over.extend((letter, mark))
            one.tag, one[:] = f"{{{MATHML}}}msub", (over, index)
    return ElementTree.tostring(root, encoding="unicode")


def _inline(translator: Any, node: nodes.math) -> None:
    translator.body.append(_mathml(node.astext(), block=False))
    raise nodes.SkipNode


def _block(translator: Any, node: nodes.math_block) -> None:
    translator.body.append(f'<div class="math">{_mathml(node.astext(), block=True)}</div>')
    raise nodes.SkipNode


def _reached(app: Any, name: str, template: str, context: dict[str, Any], page: Any) -> None:
    """What scrolls is reached by keyboard, drawings open by themselves to be enlarged, and the
    sidebar's headings say their level.
    """
    body = context.get("body", "")
    for one in ('<div class="table-wrapper', '<div class="output text_html', '<div class="math"'):
        body = body.replace(one, one.replace("<div", '<div tabindex="0"'))
    body = DRAWING.sub(r'<p><a href="\2">\1</a></p>', body)
    context["body"] = body.replace("<pre>", '<pre tabindex="0">')
    context["furo_navigation_tree"] = context.get("furo_navigation_tree", "").replace(
        'role="heading"', 'role="heading" aria-level="2"'
    )


def setup(app: Any) -> None:
    """Formulas become MathML, which browsers draw themselves."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    app.connect("html-page-context", _reached, priority=900)  # after the theme has made its tree
