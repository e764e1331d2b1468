"""A page as the real browser shows it: what is wrong with it, on screens and on paper.

Each function names what it found, so that an empty list is what a test asserts.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

#: a phone, a tablet, a desk
WIDTHS = (375, 768, 1280)
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
#: what hangs on sizes and places, so on the width (colours: `faint`, which takes far less time)
PLACES = ("scrollable-region-focusable", "target-size")

UNFOLD = "document.querySelectorAll('details').forEach(one => { one.open = true; })"

#: the contrast of every visible text with what is painted behind it (WCAG 2.2, 1.4.3)
CONTRAST = """
() => {
  const numbers = colour => (colour.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const ground = e => {
    for (; e; e = e.parentElement) {
      const c = numbers(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] > 0) return c;
    }
    return [255, 255, 255];
  };
  const bad = [];
  for (const e of document.querySelectorAll("body *")) {
    if (e.closest("svg") || !e.checkVisibility()) continue;
    const words = [...e.childNodes].filter(n => n.nodeType === 3 && n.data.trim());
    if (!words.length) continue;
    const style = getComputedStyle(e), size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    const [a, b] = [light(numbers(style.color)), light(ground(e))].sort((x, y) => y - x);
    if ((a + .05) / (b + .05) < (large ? 3 : 4.5)) bad.push(words[0].data.trim());
  }
  return bad;
}
"""
#: texts that run out of their own box where nothing lets a reader scroll to them
CLIPPED = """
() => [...document.querySelectorAll("body *")].filter(one => {
  if (one.closest("svg") || !one.checkVisibility() || !one.clientWidth) return false;
  if (one.matches(".skip")) return false; // off the screen until the keyboard reaches it
  const style = getComputedStyle(one);
  if (["auto", "scroll"].includes(style.overflowX)) return false;
  const down = ["hidden", "clip"].includes(style.overflowY)
    && one.scrollHeight > one.clientHeight + 1;
  return one.scrollWidth > one.clientWidth + 1 || down;
}).map(one => `${one.tagName} ${one.className}: ${one.textContent.trim().slice(0, 60)}`)
"""
#: texts of figures that the browser's own fonts push over the edge (heights: test_figures.py)
OVER_THE_EDGE = """
() => [...document.querySelectorAll("svg")].flatMap(svg => {
  const [, , width] = svg.getAttribute("viewBox").split(" ").map(Number);
  return [...svg.querySelectorAll("text")].filter(text => {
    const box = text.getBBox();
    return box.x < -2 || box.x + box.width > width + 2; // boxes reach a pixel past the ink
  }).map(text => text.textContent);
})
"""
#: A word too small to see at the head and at the foot of whatever must stay whole on paper, and at
#: a heading with the first line that follows it. In a picture it is a text of the picture's own, so
#: that nothing on the page moves.
MARKS = """
() => {
  const told = [];
  const word = (one, name, foot) => {
    const svg = one.querySelector(":scope > svg");
    if (svg) {
      const text = document.createElementNS("http://www.w3.org/2000/svg", "text");
      const [, , , height] = svg.getAttribute("viewBox").split(" ").map(Number);
      text.setAttribute("y", foot ? height - 1 : 2);
      text.setAttribute("font-size", "1");
      text.textContent = name;
      svg.append(text);
      return;
    }
    const texts = document.createTreeWalker(one, NodeFilter.SHOW_TEXT, node =>
      node.data.trim() && node.parentElement.checkVisibility() && !node.parentElement.closest("svg")
        ? NodeFilter.FILTER_ACCEPT : NodeFilter.FILTER_REJECT);
    let at = texts.nextNode();
    while (foot && texts.nextNode()) at = texts.currentNode;
    const mark = document.createElement("span");
    mark.textContent = ` ${name} `;
    mark.style.cssText = "font-size:1px;line-height:0;letter-spacing:0";
    if (foot) at.after(mark); else at.before(mark);
  };
  const whole = (first, last, what) => {
    const number = told.push(what.replace(/\\s+/g, " ")) - 1;
    word(first, `qq${number}a`, false);
    word(last, `qq${number}z`, first === last);
  };
  const shown = one => one && one.checkVisibility() && one.textContent.trim();
  for (const one of document.querySelectorAll(".picture, .tile, .callout, .answer .sentence")) {
    if (shown(one)) whole(one, one, `${one.className}: ${one.textContent.slice(0, 50)}`);
  }
  for (const one of document.querySelectorAll("h2, h3, .finding, caption")) {
    const next = one.tagName === "CAPTION" ? one.parentElement.querySelector("tr + tr, tbody tr")
      : (one.closest(".titled") || one).nextElementSibling;
    if (shown(one) && shown(next)) whole(one, next, `after ${one.textContent.slice(0, 50)}`);
  }
  return told;
}
"""


#: parts that the contents list, each without those listed below it, longer than so many pixels
LONG = """
most => [...document.querySelectorAll(".contents a")].map(link => {
  const part = document.getElementById(link.hash.slice(1));
  const tall = one => one.getBoundingClientRect().height;
  const below = [...part.querySelectorAll("[id].subsection")].map(tall);
  return [link.textContent, Math.round(below.reduce((left, one) => left - one, tall(part)))];
}).filter(([, height]) => height > most)
"""
#: tables that are wider than the room they have
SCROLLED = """
() => [...document.querySelectorAll(".scroll")]
  .filter(one => one.checkVisibility() && one.scrollWidth > one.clientWidth + 1)
  .map(one => one.getAttribute("aria-label"))
"""


@contextmanager
def opened(
    browser: Any, file: Path, *, width: int = 1280, scheme: str = "light", free: bool = False
) -> Iterator[Any]:
    """The page with everything that it asked for and said; ``free`` of its own policy for axe."""
    page = browser.new_page(
        viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=free
    )
    page.asked, page.said = [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("console", lambda message: page.said.append(message.text))
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.goto(file.as_uri(), wait_until="load")
    yield page
    page.close()


def settled(page: Any, expression: str, hoped: object, *, tries: int = 100) -> object:
    """What ``expression`` says once it says ``hoped``, or in the end (the browser's own waiting
    needs ``eval``, which the page's policy forbids).
    """
    for _ in range(tries):
        found = page.evaluate(expression)
        if found == hoped:
            break
        page.wait_for_timeout(50)
    return found


@cache
def axe() -> str:
    """The checker's own script, as its package brings it."""
    import axe_playwright_python

    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")


def violations(page: Any, rules: tuple[str, ...] = (), without: tuple[str, ...] = ()) -> list[str]:
    """What WCAG 2 at A and AA forbids on the page as it stands (only of ``rules``, if given)."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(axe())
    only = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": TAGS}
    # what is inside a picture is told by its name, and would only cost the checker's time
    run = """async ([runOnly, without]) => {
      const pictures = [...document.querySelectorAll("svg")].map(one => [one, [...one.childNodes]]);
      pictures.forEach(([one]) => one.replaceChildren());
      const { violations } = await axe.run(document, {
        runOnly, rules: Object.fromEntries(without.map(one => [one, { enabled: false }])),
        resultTypes: ["violations"], elementRef: false, preload: false,
      });
      pictures.forEach(([one, inside]) => one.replaceChildren(...inside));
      return violations.flatMap(one => one.nodes.map(
        node => `${one.id}: ${node.target} ${node.failureSummary}`));
    }"""
    found: list[str] = page.evaluate(run, [only, without])
    return found


def faint(page: Any) -> list[str]:
    """Texts outside of pictures that do not stand out enough from what is painted behind them."""
    found: list[str] = page.evaluate(CONTRAST)
    return found


def nameless(page: Any) -> list[str]:
    """Pictures that the browser tells a screen reader nothing of, and those it does not tell of."""
    client = page.context.new_cdp_session(page)
    nodes = client.send("Accessibility.getFullAXTree")["nodes"]
    client.detach()
    told = [n for n in nodes if n.get("role", {}).get("value") in {"image", "img"}]
    bad = [f"picture {n['nodeId']}" for n in told if not n.get("name", {}).get("value", "").strip()]
    shown = page.evaluate(
        "[...document.querySelectorAll('img, svg:not(svg svg)')]"
        ".filter(one => one.checkVisibility()).length"
    )
    return bad if len(told) == shown else [*bad, f"{shown} pictures, {len(told)} told of"]


def too_wide(page: Any) -> list[str]:
    """What leaves the screen at its right, or is cut off where it stands."""
    over = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    wide = [f"the page is {over} pixels too wide"] if over > 0 else []
    return [*wide, *page.evaluate(CLIPPED), *page.evaluate(OVER_THE_EDGE)]


def printed(page: Any, pdf: Path) -> list[str]:
    """The page on A4 at ``pdf``: the text of every sheet."""
    page.pdf(path=str(pdf), prefer_css_page_size=True, print_background=True)
    command = ["pdftotext", "-layout", str(pdf), "-"]
    text = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    return text.split("\f")[:-1]


def torn(page: Any, pdf: Path) -> list[str]:
    """What a sheet's end cuts in two: figures, tiles, remarks, headings from what follows."""
    page.emulate_media(media="print")
    names = page.evaluate(MARKS)
    page.pdf(path=str(pdf), prefer_css_page_size=True)
    command = ["pdftotext", "-raw", str(pdf), "-"]
    text = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    where = {
        word: number
        for number, sheet in enumerate(text.split("\f"), start=1)
        for word in re.findall(r"qq\d+[az]", sheet)
    }
    ends = [(where.get(f"qq{n}a"), where.get(f"qq{n}z"), name) for n, name in enumerate(names)]
    return [f"{name} ({a} to {z})" for a, z, name in ends if a is None or a != z]
