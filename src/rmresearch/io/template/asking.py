"""The questions of a new study, asked of a person one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rmresearch.io.template.choices import answer
from rmresearch.io.template.questions import questions
from rmresearch.io.template.words import catalogue

__all__ = ["asked"]


def asked(
    given: Mapping[str, str | None], *, prompt: Callable[..., str], say: Callable[[str], None]
) -> dict[str, str | None]:
    """The given answers, and those that a person gives to what is left.

    ``prompt(text, default=...)`` returns what was typed, ``say`` shows a line. An answer that
    cannot be is asked for again, with what is wrong with it.
    """
    found = dict(given)
    for name, question in questions().items():
        if not question.ask or found.get(name) is not None:
            continue
        if name == "comparison":
            for word, compared in catalogue("words")["comparisons"].items():
                say(f"  {word}: {compared['shows']}")
        while found.get(name) is None:
            text = prompt(
                question.ask, default=question.default, show_default=bool(question.default)
            )
            try:
                answer(name, text)
            except ValueError as error:
                say(f"  {error}")
                continue
            found[name] = text
    return found
