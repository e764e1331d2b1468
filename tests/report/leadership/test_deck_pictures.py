"""Slides as LibreOffice draws them: something on each, nothing cut off at an edge."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pypdf
import pytest
from tests.pictures import crossing, empty, needed, pictures

from rmresearch.report.leadership.deck import deck_of

from .briefs import briefs
from .decks import opened, texts

DOTS = 40


@pytest.mark.slow
@pytest.mark.parametrize("name", ["long names", "twenty-five"])
def test_every_slide_is_drawn_whole(name: str, tmp_path: Path) -> None:
    needed("soffice", "libreoffice-impress")
    packed = deck_of(briefs()[name])
    path = tmp_path / "deck.pptx"
    path.write_bytes(packed)
    seen = pictures(path, tmp_path / "seen", dots=DOTS)
    show = opened(packed)
    assert len(seen) == len(show.slides)
    assert empty(seen) == []
    for page in seen:
        assert page.shape == pytest.approx((7.5 * DOTS, 40 / 3 * DOTS), abs=1)
        edge = DOTS // 4
        strip = DOTS // 5  # of the accent, along the upper edge
        for side in (page[strip:, :edge], page[strip:, -edge:], page[-edge // 2 :]):
            assert np.all(side == 255)
    assert crossing(tmp_path / "seen" / "deck.pdf") == []
    pdf = pypdf.PdfReader(tmp_path / "seen" / "deck.pdf")
    for slide, page in zip(show.slides, pdf.pages, strict=True):
        drawn = re.sub(r"\s+", "", page.extract_text())
        for text in texts(slide):
            assert re.sub(r"\s+", "", text) in drawn, text
