"""The library's files hold together, and are told as they are: list, one in full, page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rmresearch.instruments import Instrument, instrument, instruments, listed, markdown, shown
from rmresearch.instruments.blocks import WIDTH

ALL = pytest.mark.parametrize("one", instruments(), ids=lambda one: one.name)


@ALL
def test_numbers_of_items_fit(one: Instrument) -> None:
    numbers = set(range(1, one.items + 1))
    assert set(one.reverse) <= numbers
    assert len(set(one.reverse)) == len(one.reverse)
    parts = [number for part in one.subscales for number in part.items]
    if parts:
        assert sorted(parts) == sorted(numbers), "each item is in one subscale"
    assert one.whole or parts


@ALL
def test_answers_lie_in_the_range(one: Instrument) -> None:
    assert one.bounds is None or one.bounds[0] < one.bounds[1]
    low, high = one.bounds or (0, -1)
    assert all(low <= code <= high for code, _ in one.answers)
    assert one.favourable is None or low <= one.favourable <= high


@ALL
def test_words_stand_here_only_where_they_are_free(one: Instrument) -> None:
    free = one.wording.licence.startswith(("Public domain", "Our own words"))
    assert one.free == free
    assert len(one.wording.texts) == (one.items if free else 0)


@ALL
def test_sources_are_named(one: Instrument) -> None:
    assert one.references or one.wording.licence.startswith("Our own words")
    for reference in one.references:
        assert bool(reference.doi) != bool(reference.url)
        assert re.fullmatch(r"10\.\d{4,}/\S+", reference.doi) or reference.url.startswith(
            "https://"
        )
        assert re.search(r"\(\d{4}\)", reference.text)
    assert one.seen
    if one.bounds is None:
        assert "answer scale" in one.unseen.lower()
    if not one.reliability and one.items > 1:
        assert "reliab" in one.unseen.lower(), "no figure: say that none was seen"


@ALL
def test_one_in_full(one: Instrument) -> None:
    text = shown(one)
    for told in (one.title, one.seen.split()[0], one.wording.where.split()[0]):
        assert told in text
    for number, words in enumerate(one.wording.texts, start=1):
        turned = " (reversed)" if number in one.reverse else ""
        assert f"{number}. {words}{turned}" in text
    assert ("[[outcomes]]" in text) == (one.bounds is not None)
    assert max(map(len, text.splitlines())) <= WIDTH


def test_what_domain_asks_for_is_there() -> None:
    sizes = {one.name: one.items for one in instruments()}
    asked = {
        "mfq-9": 9,
        "mca-21": 21,
        "working-alliance": 12,
        "deep-similarity": 8,
        "psychological-safety": 7,
        "self-efficacy-17": 17,
        "self-efficacy-12": 12,
        "computer-self-efficacy-12": 12,
        "computer-self-efficacy-10": 10,
        "leadership-self-efficacy": 21,
        "uwes-9": 9,
        "turnover-intention-6": 6,
        "recommend": 1,
    }
    assert asked.items() <= sizes.items()
    assert len(instrument("mfq-9").subscales) == 3
    assert len(instrument("leadership-self-efficacy").subscales) == 6
    assert instrument("psychological-safety").reverse == (1, 3, 5)
    assert instrument("recommend").bounds == (0, 10)


def test_the_list_has_a_line_each() -> None:
    lines = listed().splitlines()
    for one in instruments():
        line = next(line for line in lines if line.split()[:1] == [one.name])
        assert line.split()[1] == str(one.items)
        assert line.split()[3] == ("free" if one.free else "source")
    assert max(map(len, lines)) <= WIDTH


def test_the_page_is_the_data(root: Path) -> None:
    page = (root / "docs" / "instruments.md").read_text("utf-8")
    told = markdown()
    assert page.endswith(told), (
        "write the page anew: keep what stands before its table of names, then print(markdown())"
    )
    assert len(page) > len(told)
    assert all(f"\n## {one.name}\n" in told for one in instruments())


@pytest.mark.parametrize(
    ("asked", "near"),
    [
        ("uwes9", "uwes-9"),
        ("MFQ_9", "mfq-9"),
        ("engagement", "uwes-9"),
        ("safety", "psychological-safety"),
        ("turnover", "turnover-intention-6"),
    ],
)
def test_an_unknown_name_gets_those_most_like_it(asked: str, near: str) -> None:
    with pytest.raises(ValueError, match="Did you mean") as caught:
        instrument(asked)
    assert near in str(caught.value).split("Did you mean")[1]


def test_a_name_like_none_gets_all() -> None:
    with pytest.raises(ValueError, match="There are assertiveness-ipip") as caught:
        instrument("xyzzy")
    assert "working-alliance" in str(caught.value)
