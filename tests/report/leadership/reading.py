"""How leadership's texts read: words that have no place there, and the age that can read them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rmresearch.study import Design

from .released import names_of

__all__ = ["forbidden", "grade", "own", "sentences"]

#: words of chance and of method that leadership never gets, written apart from the gate's own
CHANCE = re.compile(r"\b(?:non-?|in)?significan\w*|\bp-values?\b|\bp\s*[=<>≤≥]\s*\.?\d", re.I)
JARGON = re.compile(
    r"\b(?:REML|CR[0-3]|ICC|ANCOVA|ANOVA|MCMC|SESOI|WWC|Satterthwaite|Kenward\w*|Hedges\w*"
    r"|Holm\w*|Welch\w*|Kaplan\w*|Wilson interval|Cohen\w*|heterosc\w*|cluster-robust\w*"
    r"|mixed[- ]models?|random (?:effects?|intercepts?|slopes?)|fixed effects?|regression"
    r"|standard (?:errors?|deviations?)|degrees of freedom|covariates?|moderators?|estimands?"
    r"|confidence intervals?|effect sizes?|null hypothes\w+|power analys\w+|imput\w+|intraclass"
    r"|contrasts?|Maryland|stratif\w+|bootstrap\w*|permutation\w*|differential attrition)\b",
    re.I,
)
#: E1's words: only where the certainty is at least moderate
CAUSAL = re.compile(
    r"\b(?:caus(?:e[sd]?|ing|al\w*)|impact\w*|effects? (?:of|on)|led to|leads? to|leading to"
    r"|works|worked|prove[sdn]?|proving|thanks to|effective\w*|resulted in|brought about)\b",
    re.I,
)
QUOTED = re.compile("“[^”]*”")
VOWELS = re.compile(r"[aeiouy]+")
WORD = re.compile(r"[a-z]+(?:['’-][a-z]+)*", re.I)


def own(text: str, design: Design) -> str:
    """A text without the names that the study gave, which are not the report's words."""
    text = " ".join(text.split())
    for name in names_of(design):
        text = text.replace(name, "it")
    return QUOTED.sub("it", text)


def forbidden(texts: Iterable[str], design: Design, *, causal: bool) -> list[tuple[str, str]]:
    """Each word that may not stand there with its text; words of causation unless ``causal``."""
    found = []
    for text in texts:
        read = own(text, design)
        for words in (CHANCE, JARGON, *(() if causal else (CAUSAL,))):
            found += [(match.group(), text) for match in words.finditer(read)]
    return found


def sentences(texts: Iterable[str], design: Design) -> list[str]:
    """The sentences of texts, entries of a list apart; titles and cells of few words are none."""
    found = []
    for text in texts:
        read = re.sub(r"(?<=\d)\.(?=\d)", "", own(text, design))
        found += [one for one in re.split(r"(?<=[.?!;]) ", read) if len(WORD.findall(one)) > 3]
    return found


def syllables(word: str) -> int:
    """About how many syllables: groups of vowels, without a silent e at the end.

    >>> [syllables(word) for word in ("range", "people", "certainty", "plausible", "mentored")]
    [1, 2, 3, 3, 2]
    """
    word = re.sub(r"[^a-z]", "", word.lower())
    count = len(VOWELS.findall(word))
    if word.endswith("e") and not re.search(r"[^aeiou]le$|[aeiouy]e$", word) and count > 1:
        count -= 1
    if re.search(r"[^td]ed$", word) and count > 1:
        count -= 1
    return max(count, 1)


def grade(several: Iterable[str]) -> float:
    """Flesch and Kincaid's grade (Kincaid and others 1975); readers are 5 years older than it."""
    listed = list(several)
    words = [word for one in listed for word in WORD.findall(one)]
    load = sum(map(syllables, words)) / len(words)
    return 0.39 * len(words) / len(listed) + 11.8 * load - 15.59
