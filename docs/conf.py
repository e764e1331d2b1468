"""How the handbook is built (``make docs``): MyST pages, code run at build, nothing fetched."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml

import rmresearch

HERE = Path(__file__).parent
#: pages draw with shown.py, in kernels of their own
os.environ["PYTHONPATH"] = os.pathsep.join(
    part for part in (str(HERE), os.environ.get("PYTHONPATH")) if part
)
#: whatever the reader's own kernels are set to do, these do not
os.environ["IPYTHONDIR"] = str(HERE / "_ipython")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

project = "rmresearch"
author = "The rmresearch authors"
copyright = "the rmresearch authors, MIT licence"
version = release = rmresearch.__version__
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


def _mathml(text: str, *, block: bool) -> str:
    return tex2mathml(text, as_block=block)


def _inline(translator: Any, node: nodes.math) -> None:
    translator.body.append(_mathml(node.astext(), block=False))
    raise nodes.SkipNode


def _block(translator: Any, node: nodes.math_block) -> None:
    translator.body.append(f'<div class="math">{_mathml(node.astext(), block=True)}</div>')
    raise nodes.SkipNode


def setup(app: Any) -> None:
    """Formulas become MathML, which browsers draw themselves."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
