"""The gate that every sentence passes: words of causation and of significance must be earned."""

from __future__ import annotations

import re
from typing import Literal

from rmresearch.errors import ReportError
from rmresearch.evidence import Evidence

__all__ = ["Reader", "chance_words", "lint", "say"]

Reader = Literal["technical", "leadership"]

#: E1's words with their inflections, and others that say the same
CAUSAL = (
    r"caus(?:e|es|ed|ing|al|ally|ation)",
    r"impact(?:s|ed|ing|ful)?",
    r"effects? (?:of|on)",
    r"(?:lead|leads|leading|led) to",
    r"work(?:s|ed)",
    r"(?:do|does|did|will|would|can|could|not|to) work",
    r"prov(?:e|es|ed|en|ing)",
    r"(?:result|results|resulted|resulting) in",
    r"(?:bring|brings|brought|bringing) about",
    r"attribut(?:able|ed) to",
    r"effective(?:ly|ness)?",
    r"thanks to",
)
#: E6's words, and p-values
CHANCE = (
    r"(?:in|non-?)?significan(?:t|tly|ce)",
    r"p-values?",
    r"p\s*[=<>≤≥]",
)
#: a name that the study gave, quoted as such, is not the report's word
_QUOTED = re.compile("“[^”]*”")
_CAUSAL = re.compile(rf"\b(?:{'|'.join(CAUSAL)})\b", re.IGNORECASE)
_CHANCE = re.compile(rf"\b(?:{'|'.join(CHANCE)})", re.IGNORECASE)


def lint(text: str) -> tuple[str, ...]:
    """The words of causation in a text, as they stand there (rule E1); quoted names are spared.

    >>> lint("Mentoring works: it led to better scores.")
    ('works', 'led to')
    """
    return tuple(match.group() for match in _CAUSAL.finditer(_own(text)))


def chance_words(text: str) -> tuple[str, ...]:
    """The words of significance and p-values in a text (rule E6).

    >>> chance_words("a significant gain (p = .03)")
    ('significant', 'p =')
    """
    return tuple(match.group() for match in _CHANCE.finditer(_own(text)))


def _own(text: str) -> str:
    """The text on one line, without names in typographic quotes."""
    return _QUOTED.sub("“”", " ".join(text.split()))


def say(text: str, evidence: Evidence | None = None, *, reader: Reader = "technical") -> str:
    """The text, if this evidence allows its words; ``ReportError`` naming the word if not.

    Words of causation need at least moderate certainty (without ``evidence`` there is none); words
    of significance need 10 clusters in each arm, and are never said to leadership.
    """
    causal = lint(text)
    if causal and (evidence is None or not evidence.causal):
        certainty = "no verdict" if evidence is None else f"{evidence.certainty.word} certainty"
        raise ReportError(
            f"the word {causal[0]!r} needs at least moderate certainty, and here is {certainty}: "
            f"{text!r}. Say what was seen, not what made it."
        )
    chance = chance_words(text)
    if chance and (reader == "leadership" or evidence is None or not evidence.significance):
        why = "is not for leadership" if reader == "leadership" else "needs 10 clusters in each arm"
        raise ReportError(f"the word {chance[0]!r} {why}: {text!r}. Give the interval instead.")
    return text
