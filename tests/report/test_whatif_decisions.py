"""Decisions on the what-if page: numbers by hand, titles that say what their figures show."""

from __future__ import annotations

from dataclasses import replace
from html import unescape
from typing import Any

import pandas as pd
import pytest

from rmresearch.numerics.proportions import wilson
from rmresearch.report import whatif
from rmresearch.report.figures import Interval, interval_plot
from rmresearch.report.figures.tornado import Pull, tornado
from rmresearch.result import KEY
from rmresearch.whatif.budget import Bought
from rmresearch.whatif.decided import Needed, Purchase
from rmresearch.whatif.judgement import Design, Judgement, Pulled

from .test_whatif import EFFECT, judgement, named, row, share, sized, titles

MEASURED = {"truth": 0.3, **share(0.5)}


def difference(scenario: str, base: str, figure: str, here: float, low: float, high: float,
               **more: Any) -> dict[str, Any]:  # fmt: skip
    """A row of differences: the middle of its interval is the difference."""
    apart = (low + high) / 2
    made = {"analysis": "compare_arms", "with": base, "scenario": scenario, "figure": figure,
            "against": "latent" if figure in ("truth", "bias", "coverage") else ""}  # fmt: skip
    made |= dict(zip(KEY, EFFECT, strict=True))
    made |= {"value": here, "base": here - apart, "difference": apart, "error": (high - low) / 4,
             "low": low, "high": high}  # fmt: skip
    made |= {"replicates": 500, "failed": 0, "base_failed": 0}
    return made | more


def compared(rows: list[dict[str, Any]], designs: list[Design], **more: Any) -> Judgement:
    told = [row(one.name, "compare_arms", **MEASURED) for one in designs]
    return judgement(told, designs, differences=pd.DataFrame(rows), **more)


def test_nothing_is_shown_where_nobody_asked() -> None:
    found = judgement([row("one", "compare_arms", **MEASURED)], named("one"))
    assert whatif.compared(found) is None
    assert whatif.bought(found) is None
    assert whatif.needed(found) is None


def test_designs_are_ranked_by_what_is_clear_against_the_base() -> None:
    rows = [
        difference("two", "one", "truth", 0.35, 0.03, 0.09),
        difference("two", "one", "rejects", 0.60, 0.05, 0.15),
        # further off, but chance could have done it
        difference("three", "one", "rejects", 0.65, -0.05, 0.35),
        difference("three", "one", "truth", 0.30, -0.01, 0.01),
        difference("two", "one", "bias", 0.01, -0.02, 0.02),
    ]
    section = whatif.compared(compared(rows, named("one", "two", "three")))
    assert section is not None
    assert titles(section) == [
        "What is true: +0.060 points with “two” against “one”",
        "Adjusted comparison: found in 10 percentage points more studies with “two” than with "
        "“one”",
    ]
    html = unescape(section.html())
    assert "Each design less “one”." in html
    assert "−5.0 to 35.0" in html  # percentage points in the figure
    assert "+10.0 ± 2.5" in html  # and in the table, with a quarter of the interval's width
    assert "0.000 ± 0.010" in html
    fewer = [difference("two", "one", "rejects", 0.3, -0.25, -0.15)]
    section = whatif.compared(compared(fewer, named("one", "two")))
    assert section is not None
    assert titles(section)[-1].endswith(
        "found in 20 percentage points fewer studies with “two” than with “one”"
    )


def test_what_chance_could_have_done_is_no_finding() -> None:
    rows = [difference("two", "one", "rejects", 0.5, -0.05, 0.07),
            difference("two", "one", "truth", 0.3, -0.01, 0.02)]  # fmt: skip
    section = whatif.compared(compared(rows, named("one", "two")))
    assert section is not None
    assert titles(section) == [
        "Adjusted comparison: found as often in every design as with “one”, within Monte Carlo "
        "error"
    ]
    assert "What is true is the same in every design as with “one”" in unescape(section.html())


def test_designs_that_pairs_tell_apart_are_nowhere_called_alike() -> None:
    """Each by itself, 50% and 55% of 400 could be the same; in pairs they are not."""
    told = [row(name, "compare_arms", truth=0.3, **share(value))
            for name, value in (("one", 0.50), ("two", 0.55))]  # fmt: skip
    rows = [difference("two", "one", "rejects", 0.55, 0.03, 0.07)]
    found = judgement(told, named("one", "two"), differences=pd.DataFrame(rows))
    assert titles(whatif.power(found)) == [
        "Adjusted comparison: a difference is found in 50% to 55% of studies"
    ]
    section = whatif.compared(found)
    assert section is not None
    assert "found in 5 percentage points more studies with “two”" in titles(section)[-1]


def test_the_base_is_called_by_what_the_designs_differ_in() -> None:
    designs = [Design(f"{name}, pairs {n}", name, {}, {"pairs": n})
               for name in ("one", "two") for n in (24, 48)]  # fmt: skip
    rows = [difference(f"two, pairs {n}", f"one, pairs {n}", "rejects", 0.5, 0.1, 0.2)
            for n in (24, 48)]  # fmt: skip
    section = whatif.compared(compared(rows, designs))
    assert section is not None
    assert "Each design less “one”." in unescape(section.html())
    rows = [difference("pairs 48", "pairs 24", "rejects", 0.5, 0.1, 0.2)]
    section = whatif.compared(compared(rows, sized((24, 48))))
    assert section is not None
    assert "Each design less 24 pairs." in unescape(section.html())


def test_levers_make_a_tornado_with_intervals() -> None:
    designs = named("as it stands", "cadence 1", "cadence 8", "training 1")
    rows = [difference(name, "as it stands", "rejects", 0.5, low, high)
            for name, low, high in (("cadence 1", -0.3, -0.2), ("cadence 8", 0.1, 0.3),
                                    ("training 1", 0.0, 0.02))]  # fmt: skip
    pulled = (Pulled("cadence 1", "levers.cadence", 2, 1),
              Pulled("cadence 8", "levers.cadence", 2, 8),
              Pulled("training 1", "levers.training", 0.5, 1.0))  # fmt: skip
    found = compared(rows, designs, pulled=pulled)
    section = whatif.compared(found)
    assert section is not None
    assert "Lever by lever" in section.html()
    html = unescape(section.html())
    assert "cadence (2): −25.0 at 1, +20.0 at 8; training (0.5): +1.0 at 1." in html
    asked = unescape(whatif.asked(found).html())
    assert "2 as it stands; moved to 1, 8" in asked
    assert "0.5 as it stands; moved to 1" in asked


def test_a_bar_of_a_tornado_carries_its_interval() -> None:
    bare = Pull("a", "1", (("0", -0.2), ("2", 0.4)))
    told = replace(bare, within=((-0.3, -0.1), (0.1, 0.9)))
    one, other = (tornado([pull], title="T", unit="u", caption="c") for pull in (bare, told))
    assert one.alt == other.alt
    assert ">0.75<" not in one.svg
    assert ">0.75<" in other.svg  # the axis reaches as far as the interval
    with pytest.raises(ValueError, match="zip"):
        tornado([replace(bare, within=((0.0, 1.0),))], title="T", unit="u", caption="c")


def test_small_numbers_can_have_more_decimals() -> None:
    rows = [Interval(label="a", value=0.004, low=0.002, high=0.006)]
    plain = interval_plot(rows, title="T", unit="u")
    assert "0.00 (0.00 to 0.01)" in plain.alt
    assert "0.004 (0.002 to 0.006)" in interval_plot(rows, title="T", unit="u", decimals=3).alt


def shapes(*names: str) -> dict[str, Any]:
    return {"shapes": tuple(Design(name, name, {}, {}) for name in names)}


def bought(budget: float, pairs: int, found: int, of: int = 400, failed: int = 0) -> Bought:
    power = found / (of - failed)
    error = (power * (1 - power) / (of - failed)) ** 0.5
    return Bought(budget, pairs, 500.0 + 100 * pairs, power, error, 0.1, 0.01, 0.345, 0.002, 0.95,
                  0.01, failed, of)  # fmt: skip


def sold(*purchases: Purchase, **more: Any) -> Judgement:
    names = [one.design for one in purchases]
    rows = [row(name, "compare_arms", **MEASURED) for name in names]
    given = {"purchases": purchases, "currency": "EUR"} | shapes(*names) | more
    return judgement(rows, named(*names), **given)


def test_what_money_buys_is_drawn_and_told() -> None:
    one = Purchase("one", 500.0, 100.0, (bought(5_000, 45, 200), bought(9_000, 85, 345)))
    section = whatif.bought(sold(one))
    assert section is not None
    # 345 of 400 are .8625, Wilson's interval starts at .825
    assert titles(section) == ["80% of studies find a difference from 9,000 EUR on with “one”"]
    html = unescape(section.html())
    low, high = wilson(200, 400, level=0.95)
    assert f"5,000: 50% ({low:.0%} to {high:.0%})" in html
    for cell in ("50.0 ± 2.5%", "86.2 ± 1.7%", "0.345 ± 0.002", "Spent holds 500 EUR of fixed"):
        assert cell in html
    short = Purchase("one", 0.0, 100.0, (bought(5_000, 45, 200),))
    section = whatif.bought(sold(short))
    assert section is not None
    assert titles(section) == [
        "No budget tried lets 80% of studies find a difference; the most is 50% for 5,000 EUR "
        "with “one”"
    ]


def test_designs_for_the_same_money_are_ranked_where_chance_tells_them_apart() -> None:
    one = Purchase("one", 0.0, 100.0, (bought(5_000, 45, 200), bought(9_000, 85, 340)))
    far = Purchase("two", 0.0, 150.0, (bought(5_000, 30, 120), bought(9_000, 60, 240)))
    section = whatif.bought(sold(one, far))
    assert section is not None
    assert titles(section) == [
        "For 9,000 EUR, 85% of studies find a difference with “one”, and 60% with “two”"
    ]
    near = replace(far, bought=(far.bought[0], bought(9_000, 60, 330)))
    section = whatif.bought(sold(one, near))
    assert section is not None
    assert titles(section) == [
        "For 9,000 EUR, no clear difference between the designs: 82% to 85% of studies find a "
        "difference"
    ]
    lost = Purchase("two", 0.0, 150.0, (), "no cohort gave an estimate.")
    section = whatif.bought(sold(one, lost))
    assert section is not None
    assert "No answer: two" in section.html()


def test_many_designs_for_one_budget_are_rows() -> None:
    names = ("a", "b", "c", "d", "e")
    many = [Purchase(name, 0.0, 100.0, (bought(5_000, 45, 200),)) for name in names]
    section = whatif.bought(sold(*many))
    assert section is not None
    assert section.html().count("Interval plot") == 1


def need(name: str, pairs: int, low: float, high: float, **more: Any) -> Needed:
    curve = ((pairs - 20, 240, 400), (pairs, 320, 400), (pairs + 20, 360, 400))
    given: dict[str, Any] = {"pairs": pairs, "low": low, "high": high, "cohorts": 2_600,
                             "curve": curve} | more  # fmt: skip
    return Needed(name, 0.8, **given)


def asked_of(*needed: Needed) -> Judgement:
    names = [one.design for one in needed]
    rows = [row(name, "compare_arms", **MEASURED) for name in names]
    return judgement(rows, named(*names), needed=needed, **shapes(*names))


def test_the_pairs_that_are_needed_are_told_with_their_interval() -> None:
    section = whatif.needed(asked_of(need("one", 110, 104.2, 116.8)))
    assert section is not None
    assert titles(section) == [
        "110 pairs (104 to 117) until 80% of studies find a difference with “one”"
    ]
    low, high = wilson(320, 400, level=0.95)
    assert f"110: 80% ({low:.0%} to {high:.0%})" in unescape(section.html())


def test_needs_are_ranked_where_their_intervals_lie_apart() -> None:
    few, many = need("one", 110, 104.0, 116.0), need("two", 150, 140.0, 160.0, bent=True)
    section = whatif.needed(asked_of(many, few))
    assert section is not None
    assert titles(section)[0] == (
        "110 pairs until 80% of studies find a difference with “one”, and 150 with “two”"
    )
    html = unescape(section.html())
    assert "5,200 simulated studies in all" in html
    assert "the interval is too narrow with “two”" in html
    near = replace(many, low=115.0)
    section = whatif.needed(asked_of(few, near))
    assert section is not None
    assert titles(section)[0] == (
        "110 to 150 pairs until 80% of studies find a difference; no clear difference between "
        "the designs"
    )


def test_a_design_without_an_answer_says_why() -> None:
    lost = Needed("two", 0.8, reason="the true effect is 0, not to be told from 0.")
    section = whatif.needed(asked_of(need("one", 110, 104.0, 116.0), lost))
    assert section is not None
    assert "No answer: two" in section.html()
    assert "not to be told from 0" in section.html()
    alone = whatif.needed(asked_of(lost))
    assert alone is not None
    assert titles(alone) == []


def test_many_rows_are_folded_and_truths_alike_are_not_ranked() -> None:
    designs = named(*(f"design {k}" for k in range(20)))
    rows = [row(one.name, "compare_arms", truth=0.3 + 0.01 * (k == 3), **{"truth error": 0.02},
                **share(0.5)) for k, one in enumerate(designs)]  # fmt: skip
    section = whatif.truth(judgement(rows, designs))
    html = unescape(section.html())
    assert html.index("<details") < html.index("<figure>")
    assert "True difference: 0.30 points to 0.31 points, as far as each design by itself" in html
