"""The explorer where it lives: JupyterLab in a real browser, driven by the keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import rmresearch as rm
from report.test_browser import CONTRAST

from .lab import hosts, in_browser, lab

pytestmark = pytest.mark.browser

#: cells in which the explorer is shown
CELLS = ["import rmresearch as rm\nrm.explore()"]
#: a draw is over and the kernel waits
DONE = """
pairs => {
  const state = document.querySelector(".rmr-explorer .rmr-state").innerText;
  const kernel = jupyterapp.shell.currentWidget.context.sessionContext.session.kernel;
  const tile = [...document.querySelectorAll(".rmr-explorer .tile")].at(-1).innerText;
  return state.includes("simulated and analysed") && kernel.status === "idle"
    && (!pairs || tile.includes(`${pairs} pairs ×`));
}
"""
COUNT_DRAWS = """
() => {
  window.draws = 0;
  new MutationObserver(changes => {
    const state = document.querySelector(".rmr-explorer .rmr-state").innerText;
    if (state.startsWith("Simulating")) window.draws += 1;
  }).observe(document.querySelector(".rmr-explorer .rmr-state"), {childList: true, subtree: true});
}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lab")


@pytest.fixture(scope="module")
def page(chromium: str, folder: Path) -> Iterator[Any]:
    """The notebook in JupyterLab with its cell run, everything that was asked for and said."""
    with (
        lab(folder, CELLS) as address,
        in_browser(chromium, address, width=1280, height=1400) as opened,
    ):
        opened.evaluate("{ jupyterapp.commands.execute('notebook:run-all-cells'); 0 }")
        opened.wait_for_selector(".rmr-explorer .tile")
        opened.wait_for_function(DONE)
        yield opened


def tiles(page: Any) -> dict[str, list[str]]:
    """Value and detail of each tile by its name."""
    shown = (one.splitlines() for one in page.locator(".rmr-explorer .tile").all_inner_texts())
    return {lines[0]: lines[1:] for lines in shown}


def handle(page: Any, label: str) -> Any:
    row = page.locator(".rmr-explorer .widget-inline-hbox", has_text=label)
    return row.locator("[role=slider]")


def power_by_sweep(pairs: int) -> float:
    """The share of other studies of the same kind that find a difference at the end."""
    scenario, asked = rm.Scenario(pairs=pairs), {"replicates": 500, "seed": 11}
    done = rm.sweep(scenario, rm.compare_arms, outcome="digital_skill", **asked)
    verdict = rm.judge(done).to_frame()
    return float(verdict.loc[verdict["wave"].eq("month6"), "rejects"].iloc[0])


def test_the_keyboard_moves_the_slider_and_fresh_studies_are_shown(page: Any, folder: Path) -> None:
    before, seed = tiles(page), page.locator(".rmr-explorer .small").last.inner_text()
    assert before["Cost"] == ["47,720", "48 pairs × (800 + 3 surveys × 30) + 5,000"]
    pairs = handle(page, "Pairs, all arms")
    pairs.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function(DONE, arg=52)
    after = tiles(page)
    assert pairs.get_attribute("aria-valuetext") == "52"
    # 5,000 + 52 * (800 + 3 * 30)
    assert after["Cost"][0] == "51,280"
    assert page.locator(".rmr-explorer .small").last.inner_text() != seed
    # two samples of 500, each with its own error: five of them apart at the most, and rounding
    power, error = float(after["Power"][0].rstrip("%")), 100 * (0.25 / 500 * 2) ** 0.5
    assert abs(power - 100 * power_by_sweep(52)) < 5 * error + 0.5
    assert after["Power"][1].endswith(f"just before: {before['Power'][0]}")
    title = page.locator(".rmr-explorer .finding").inner_text()
    assert title.startswith(f"{after['Power'][0]} (± ")
    page.locator(".rmr-explorer").screenshot(path=str(folder / "explorer.png"))
    assert (folder / "explorer.png").stat().st_size > 20_000


def test_a_burst_of_keys_does_not_queue_draws(page: Any) -> None:
    page.evaluate(COUNT_DRAWS)
    start = int(handle(page, "Pairs, all arms").get_attribute("aria-valuetext"))
    handle(page, "Pairs, all arms").focus()
    for _ in range(12):
        page.keyboard.press("ArrowRight")
    page.wait_for_function(DONE, arg=start + 48)
    assert page.evaluate("window.draws") < 12


def test_no_gain_is_called_a_false_positive_rate(page: Any) -> None:
    handle(page, "Gain if all is learned").focus()
    page.keyboard.press("Home")
    page.wait_for_function("document.querySelector('.rmr-explorer .tile')"
                           ".innerText.startsWith('False-positive rate')")  # fmt: skip
    page.wait_for_function(DONE)
    assert page.locator(".rmr-explorer .finding").inner_text().startswith("Nothing was put in")
    assert tiles(page)["True difference"][0] == "0.00 points"


def test_the_button_writes_the_scenario_and_says_where(page: Any, folder: Path) -> None:
    pairs = int(handle(page, "Pairs, all arms").get_attribute("aria-valuetext"))
    page.get_by_role("button", name="Write scenario file").click()
    said = page.locator(".rmr-explorer [role=status]")
    said.wait_for()
    path = folder / "work" / "scenario.toml"
    assert said.inner_text() == f"Written: {path.resolve()}"
    written = rm.read_scenario(path)
    gain = float(handle(page, "Gain if all is learned").get_attribute("aria-valuenow"))
    assert (written.pairs, written.nature.digital_skill_gain) == (pairs, gain)


def test_tab_reaches_every_control(page: Any) -> None:
    page.locator(".rmr-explorer select").first.focus()
    reached = set()
    for _ in range(60):
        here = page.evaluate(
            "(e => e.closest('.rmr-explorer') && [e.tagName, e.getAttribute('role') || e.type,"
            " e.closest('.jupyter-widgets').innerText].join('|'))(document.activeElement)"
        )
        if here is None:
            break
        reached.add(here)
        page.keyboard.press("Tab")
    kinds = [one.split("|")[:2] for one in reached]
    assert kinds.count(["DIV", "slider"]) == 5
    assert kinds.count(["SELECT", "select-one"]) == 4
    assert kinds.count(["INPUT", "number"]) == 3
    assert kinds.count(["BUTTON", "submit"]) == 2
    assert ["INPUT", "text"] in kinds
    assert ["INPUT", "checkbox"] in kinds


def test_what_is_said_has_contrast(page: Any) -> None:
    assert page.evaluate(CONTRAST.replace("body *", ".rmr-explorer *")) == []


def test_the_picture_has_its_words_and_the_dots_are_drawn(page: Any) -> None:
    picture = page.locator(".rmr-explorer svg[role=img]")
    assert "Estimates of 500 simulated studies" in picture.get_attribute("aria-label")
    dots = picture.evaluate(
        "svg => [...svg.querySelectorAll('[stroke-linecap=round]')]"
        ".map(e => (e.getAttribute('d').match(/M/g) || []).length)"
    )
    assert sum(dots) == 502  # and the average study, white under blue


def test_only_this_machines_server_is_asked_and_nothing_goes_wrong(page: Any) -> None:
    assert hosts(page) == {"127.0.0.1"}
    assert page.wrong == []
