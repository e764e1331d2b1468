"""Instruments as TOML: what is declared, what is left to the owner, what is refused."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from rmresearch.instruments import Instrument, blocks, instrument, instruments, names_of
from rmresearch.instruments.blocks import WIDTH
from rmresearch.io.schema import OutcomeEntry

ALL = pytest.mark.parametrize("one", instruments(), ids=lambda one: one.name)


def declared(text: str) -> dict[str, dict[str, Any]]:
    return {outcome["name"]: outcome for outcome in tomllib.loads(text)["outcomes"]}


@ALL
def test_a_block_a_score_that_the_reader_accepts(one: Instrument) -> None:
    bounds = one.bounds or (1, 5)
    text = blocks(one, "asked", bounds=bounds)
    found = declared(text)
    assert tuple(found) == names_of(one, "asked")
    for outcome in found.values():
        entry = OutcomeEntry.model_validate(outcome)
        assert entry.range == list(bounds)
        assert entry.role == one.role
        assert entry.smallest_effect is None, "nobody but the owner can say it"
        numbers = [int(item.rsplit("_")[-1]) if one.items > 1 else 1 for item in entry.items]
        turned = [int(item.rsplit("_")[-1]) for item in entry.reverse]
        assert turned == [number for number in numbers if number in one.reverse]
    if one.kirkpatrick > 1:
        assert text.count("# smallest_effect =") == len(found)
    assert max(map(len, text.splitlines())) <= WIDTH


def test_items_of_parts_are_those_of_the_whole() -> None:
    found = declared(blocks(instrument("uwes-9"), "work"))
    assert found["work"]["items"] == [f"work_{number}" for number in range(1, 10)]
    assert found["work_absorption"]["items"] == ["work_6", "work_8", "work_9"]
    assert found["work_absorption"]["labels"] == found["work"]["labels"]


def test_columns_take_the_place_of_item_names() -> None:
    columns = ["Q1", "Q 2", 'Q"3', "Q4", "Q5", "Q6", "Qü7"]
    found = declared(blocks(instrument("psychological-safety"), columns=columns))
    assert found["psychological_safety"]["items"] == columns
    assert found["psychological_safety"]["reverse"] == ["Q1", 'Q"3', "Q5"]


def test_another_range_drops_the_words_of_answers() -> None:
    usual = declared(blocks(instrument("self-efficacy-ipip")))["self_efficacy_ipip"]
    assert usual["labels"]["Very accurate"] == 5
    other = declared(blocks(instrument("self-efficacy-ipip"), bounds=(1, 7)))["self_efficacy_ipip"]
    assert other["range"] == [1, 7]
    assert "labels" not in other


def test_what_asks_about_the_partner_gets_the_waves_after_the_start() -> None:
    told = declared(blocks(instrument("working-alliance"), bounds=(1, 5), waves=["m3", "m6"]))
    assert all(outcome["waves"] == ["m3", "m6"] for outcome in told.values())
    assert "# waves = []" in blocks(instrument("working-alliance"), bounds=(1, 5))
    assert "waves" not in declared(blocks(instrument("uwes-9"), waves=["m3"]))["uwes_9"]


def test_a_sum_is_told_as_what_times_the_mean_it_is() -> None:
    text = blocks(instrument("self-efficacy-12"), bounds=(1, 5)).replace("\n# ", " ")
    assert "12 times the mean is the sum of all items" in text


def test_less_is_better_is_declared() -> None:
    outcome = declared(blocks(instrument("turnover-intention-6")))["turnover_intention_6"]
    assert outcome["direction"] == "lower"


@pytest.mark.parametrize("key", ["Work", "_work", "work engagement", "ü", "w" * 65])
def test_a_key_that_is_no_name_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="use small letters"):
        blocks(instrument("recommend"), key)


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(ValueError, match="mfq-9: ") as caught:
        blocks(instrument("mfq-9"), "A", columns=["a", "a", "\n"])
    told = str(caught.value)
    for words in (
        "the key 'A'",
        "3 columns for 9 items",
        "columns named twice: a",
        "without a name that can be printed",
        "--range 1,5",
    ):
        assert words in told, told


def test_an_empty_range_is_refused() -> None:
    with pytest.raises(ValueError, match="the range 5 to 1 is empty"):
        blocks(instrument("uwes-9"), bounds=(5, 1))
