"""The look of pages: style sheets and page template, as package data."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

__all__ = ["blocks_css", "brief_css", "page_css", "template"]


@cache
def template(name: str) -> str:
    """A file of report/templates as text."""
    return files("rmresearch.report").joinpath("templates", name).read_text("utf-8")


def blocks_css() -> str:
    """The style of blocks, all under ``.rmr``, so that a notebook can show it too."""
    return template("blocks.css")


def page_css() -> str:
    """The style of the page around the blocks: layout, contents, paper."""
    return template("page.css")


def brief_css() -> str:
    """The style of the brief on a page of its own, beside that of all pages."""
    return template("brief.css") + template("brief-page.css")
