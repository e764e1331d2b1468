"""The what-if page: the judgement's numbers are drawn, and its titles say what they show."""

from __future__ import annotations

import json
import math
import re
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import rmresearch as rm
from rmresearch.errors import ReportError
from rmresearch.files import sha256
from rmresearch.numerics.proportions import wilson
from rmresearch.report import whatif
from rmresearch.report.figures.curves import MOST, Line, Spot, curves_plot
from rmresearch.report.whatif.readings import along, band, readings
from rmresearch.result import KEY
from rmresearch.whatif.judge import COUNTS, MEASURES
from rmresearch.whatif.judgement import Design, Judgement, Lever, judged, read_judgement
from rmresearch.whatif.sweep_file import sweep_of

#: key of what the programme did
EFFECT = ("senior", "digital_skill", "month6", "programme - comparison", "", "everyone", "")
PAIRS = Lever("pairs", "pairs over all arms", "pairs")


def row(scenario: str, analysis: str, against: str = "latent", **figures: float) -> dict[str, Any]:
    """A row of a verdict: 400 studies, all answered, where nothing else is said."""
    made: dict[str, Any] = {"scenario": scenario, "analysis": analysis, "against": against}
    made |= dict(zip(KEY, EFFECT, strict=True)) | dict.fromkeys(COUNTS, 0)
    made |= {name: np.nan for measure in MEASURES for name in (measure, f"{measure} error")}
    return made | {"replicates": 400} | figures


def share(value: float) -> dict[str, float]:
    return {"rejects": value, "rejects error": math.sqrt(value * (1 - value) / 400)}


def judgement(rows: list[dict[str, Any]], designs: list[Design], **more: Any) -> Judgement:
    levers = (PAIRS,) if any("pairs" in one.swept for one in designs) else ()
    given: dict[str, Any] = {
        "question": "Which?", "outcome": "digital_skill", "label": "Digital skill",
        "role": "senior", "rated": "self", "unit": "points", "replicates": 400, "seed": 1,
        "alpha": 0.05, "base": (), "designs": tuple(designs), "levers": levers,
        "analyses": dict.fromkeys([one["analysis"] for one in rows], "compare_arms"),
        "estimates": {}, "failures": (), "broken": {}, "table": pd.DataFrame(rows),
    }  # fmt: skip
    return Judgement(**{**given, **more})


def sized(sizes: tuple[int, ...] = (24, 48, 96)) -> list[Design]:
    return [Design(f"pairs {n}", "", {}, {"pairs": n}) for n in sizes]


def named(*names: str) -> list[Design]:
    return [Design(name, name, {}, {}) for name in names]


def titles(section: Any) -> list[str]:
    return [unescape(one) for one in re.findall(r'class="finding">(.*?)</p>', section.html())]


@pytest.mark.parametrize(
    ("powers", "said"),
    [
        # 84% of 400: Wilson's interval starts at 80.1%; of 82% it does not reach that
        ((0.40, 0.84, 0.90), "80% of studies find a difference from 48 pairs on"),
        ((0.40, 0.82, 0.90), "80% of studies find a difference from 96 pairs on"),
        ((0.30, 0.40, 0.82), "no design tried lets 80% of studies find a difference; the most is "
                             "82% with 96 pairs"),
        ((0.90, 0.95, 1.00), "at least 80% of studies find a difference in every design tried"),
    ],
)  # fmt: skip
def test_the_title_says_from_which_size_on(powers: tuple[float, ...], said: str) -> None:
    rows = [row(one.name, "compare_arms", truth=0.3, **share(power))
            for one, power in zip(sized(), powers, strict=True)]  # fmt: skip
    [title] = titles(whatif.power(judgement(rows, sized())))
    assert title == f"Adjusted comparison: {said}"


def test_designs_that_chance_could_have_told_apart_are_not_ranked() -> None:
    designs = named("one", "two")
    near = [row("one", "compare_arms", truth=0.3, **share(0.50)),
            row("two", "compare_arms", truth=0.3, **share(0.55))]  # fmt: skip
    assert titles(whatif.power(judgement(near, designs))) == [
        "Adjusted comparison: no clear difference between the designs; a difference is found in "
        "50% to 55% of studies"
    ]
    far = [near[0], row("two", "compare_arms", truth=0.3, **share(0.75))]
    assert titles(whatif.power(judgement(far, designs))) == [
        "Adjusted comparison: a difference is found in 75% of studies with “two”, and in 50% with "
        "“one”"
    ]


def test_where_nothing_was_put_in_a_find_is_false() -> None:
    empty = [row("one", "before_after", truth=0.0, **share(0.4)),
             row("one", "compare_arms", truth=0.0, **share(0.05))]  # fmt: skip
    section = whatif.power(judgement(empty, named("one")))
    assert titles(section) == [
        "Nothing was put in, and 40% of studies find a difference all the same with “one” "
        "(Before-after, one group)"
    ]
    mixed = [*empty, row("two", "before_after", truth=0.3, **share(0.9))]
    said = whatif.power(judgement(mixed, named("one", "two"))).html()
    assert ("Nothing was put in with “one”: 40% of studies find a difference all the same "
            "(before-after, one group).") in said  # fmt: skip


def test_bias_is_told_of_the_worst_beside_the_best_in_its_design() -> None:
    biased: dict[str, Any] = {"truth": 0.3, "bias error": 0.01, "coverage": 0.5}
    rows = [
        row("one", "before_after", bias=0.20, **biased),
        row("two", "before_after", bias=0.30, **biased),
        row("one", "compare_arms", bias=0.00, **biased),
        row("two", "compare_arms", bias=-0.05, **biased),
        row("one", "before_after", "as_reported", bias=0.10, **{**biased, "truth": 0.42}),
    ]
    section = whatif.wrong(judgement(rows, named("one", "two")))
    assert titles(section)[0] == (
        "Before-after, one group: off by +0.30 points with “two”; adjusted comparison: by "
        "−0.05 points"
    )
    alike = [row("one", name, **{**biased, "bias": bias, "bias error": 0.05})
             for name, bias in (("compare_arms", 0.10), ("post_only", 0.12))]  # fmt: skip
    assert titles(whatif.wrong(judgement(alike, named("one"))))[0] == (
        "The analyses are off alike, by up to +0.12 points"
    )
    assert "0.12 points is what people in a programme add when they rate themselves" in (
        section.html()
    )


def test_one_share_of_intervals_is_no_range() -> None:
    held: dict[str, Any] = {"truth": 0.3, "bias": 0.0, "bias error": 0.05, "coverage error": 0.02}
    for shares, said in (((0.95, 0.95), "95% of"), ((0.94, 0.96), "94% to 96% of")):
        rows = [row(name, "compare_arms", **held, coverage=value)
                for name, value in zip(("one", "two"), shares, strict=True)]  # fmt: skip
        assert titles(whatif.wrong(judgement(rows, named("one", "two"))))[1] == (
            f"Adjusted comparison: the interval holds the truth in {said} studies in every design"
        )


def test_withheld_tests_and_failures_stand_beside_the_figure() -> None:
    rows = [row("pairs 24", "completers", truth=0.3, failed=100, p_withheld=300, **share(0.3)),
            row("pairs 48", "completers", truth=0.3, failed=4, **share(0.6)),
            row("pairs 96", "completers", truth=0.3, **share(0.9))]  # fmt: skip
    found = judgement(
        rows, sized(), failures=(("pairs 24", "completers", "FitError: no # people", 60, 400),)
    )
    said = unescape(whatif.power(found).html())
    assert "No answer in up to 25.0% of studies (completers only with 24 pairs)" in said
    assert "withholds its test (here in up to 100% of studies with 24 pairs)" in said
    listed = unescape(whatif.failures(found).html())
    for part in ("FitError: no # people", "60 of 400", "40 of 400", "4 of 400"):
        assert part in listed
    assert "104" in whatif.opening(found).html()


def test_what_is_broken_is_said_on_top() -> None:
    rows = [row("one", "compare_arms", truth=0.3, **share(0.5))]
    found = judgement(rows, named("one", "two"), broken={"two": "KeyError: 'x'"},
                      failures=(("two", "", "KeyError: 'x'", 400, 400),))  # fmt: skip
    said = unescape(whatif.opening(found).html())
    assert "1 of 2 designs could be finished. Without an answer: two." in said
    assert "every analysis" in whatif.failures(found).html()


def test_an_analysis_without_a_truth_has_no_bias_to_show() -> None:
    found = judgement([row("one", "wave_means", "", **share(1.0))], named("one"))
    assert "has no counterpart in the model" in whatif.truth(found).html()
    assert titles(whatif.wrong(found)) == []
    assert "no true size to exaggerate" in whatif.sizes(found).html()


def test_shares_have_wilson_s_interval_of_those_who_had_one() -> None:
    half = row("one", "compare_arms", **share(0.5))
    all_of_them = row("two", "compare_arms", **share(1.0))
    found = judgement([half, all_of_them], named("one", "two"))
    first, second = readings(found)
    assert band(first, "rejects") == pytest.approx((0.5, *wilson(200, 400, level=0.95)))
    assert band(second, "rejects") == pytest.approx((1.0, *wilson(400, 400, level=0.95)))
    assert band(first, "bias") is None


def test_pairs_stand_on_the_axis_and_words_do_not() -> None:
    rows = [row("x", "compare_arms", **share(0.5))]
    assert along(judgement(rows, sized())) == PAIRS
    assert along(judgement(rows, sized((24, 48)))) is None  # two sizes are no curve
    words = [Design(f"m {name}", "", {}, {"levers.matching": name}) for name in "abc"]
    lever = Lever("levers.matching", "how pairs are made", "choice")
    assert along(judgement(rows, words, levers=(lever,))) is None


def test_more_lines_than_can_be_told_apart_are_folded() -> None:
    analyses = ("compare_arms", "post_only", "completers")
    designs = [Design(f"{name} {n}", name, {}, {"pairs": n})
               for name in ("one", "two") for n in (24, 48, 96)]  # fmt: skip
    rows = [row(one.name, name, truth=0.3, **share(0.5)) for name in analyses for one in designs]
    html = whatif.power(judgement(rows, designs)).html()
    assert html.count("<figure>") == 3
    assert html.index("<figure>") < html.index("The other analyses") < html.rindex("<figure>")
    many = [Design(f"{k} {n}", str(k), {}, {"pairs": n}) for k in range(12) for n in (24, 48, 96)]
    rows = [row(one.name, "compare_arms", truth=0.3, **share(0.5)) for one in many]
    assert whatif.power(judgement(rows, many)).html().count("<figure>") == 1


def test_a_sweep_s_numbers_reach_the_page(tmp_path: Path) -> None:
    asked = sweep_of(
        {"question": "How many <pairs>?", "outcome": "digital_skill", "replicates": 40,
         "analyses": ["compare_arms", "before_after"], "grid": {"pairs": [24, 36, 48]}}
    )  # fmt: skip
    done = rm.sweep(**asked.given)
    judged(asked, done).write(tmp_path)
    before = {path.name: sha256(path) for path in tmp_path.iterdir()}
    found = read_judgement(tmp_path)
    found.write(tmp_path)
    assert {path.name: sha256(path) for path in tmp_path.iterdir()} == before
    pd.testing.assert_frame_equal(found.table, rm.judge(done).to_frame())
    assert list(found.analyses) == ["compare_arms", "before_after"]

    assert "How many <pairs>?" in unescape(whatif.opening(found).html())
    html = unescape(whatif.numbers(found).html())
    table = rm.judge(done).to_frame()
    last = table[(table["wave"] == "month6") & (table["against"] == "latent")]
    for one in last.to_dict("records"):
        assert f"{one['bias']:.3f} ± {one['bias error']:.3f}".replace("-", "−") in html
        assert f"{100 * one['rejects']:.1f} ± {100 * one['rejects error']:.1f}%" in html


def test_a_folder_without_a_judgement(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="no judgement of a sweep"):
        whatif.found_in(str(tmp_path))
    (tmp_path / "judgement.json").write_text(json.dumps({"question": "?"}))
    with pytest.raises(ReportError, match="no judgement of a sweep"):
        whatif.found_in(str(tmp_path))


def test_curves_by_hand() -> None:
    spots = (Spot(10, 0.2, 0.1, 0.3), Spot(20, 0.4, 0.3, 0.5))
    found = curves_plot(
        [Line("a", spots), Line("b", spots)], title="T.", unit="share", along="pairs",
        caption="c", share=True,
    )  # fmt: skip
    assert found.alt == (
        "T. Line chart, share, along pairs. a: 10: 20% (10% to 30%), 20: 40% (30% to 50%); "
        "b: 10: 20% (10% to 30%), 20: 40% (30% to 50%)."
    )
    assert "50%" in found.svg
    assert "100%" not in found.svg  # all lie in the lower half
    with pytest.raises(ValueError, match="a spot for every line"):
        curves_plot([Line("a", ())], title="", unit="", along="", caption="")
    with pytest.raises(ValueError, match=f"at most {MOST} lines"):
        curves_plot([Line(n, spots) for n in "abcde"], title="", unit="", along="", caption="")
