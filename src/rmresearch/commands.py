"""How commands take words and say what is wrong: plain sentences, the nearest name, exit codes."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click

from rmresearch.errors import RmError, StudyError, did_you_mean

__all__ = [
    "FILE",
    "FOLDER",
    "STUDY",
    "Commands",
    "OneOf",
    "plain_errors",
    "progress",
    "whole_numbers",
]

P = ParamSpec("P")
T = TypeVar("T")
STUDY = click.Path(exists=True, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)


class OneOf(click.Choice):  # type: ignore[type-arg] # (click 8.1 takes none)
    """A choice that answers a wrong word with the nearest."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """The word, if it is one of them."""
        if value not in self.choices:
            known = ", ".join(map(repr, self.choices))
            hint = did_you_mean(value, self.choices)
            self.fail(f"{value!r} is not one of {known}.{hint}", param, ctx)
        return super().convert(value, param, ctx)


STOPPED = "Stopped. The same command can be run again; whatif goes on where it was."


class Commands(click.Group):
    """Commands that answer a wrong name with the nearest; click 8.1 does not."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """The command that the first argument names."""
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            hint = did_you_mean(args[0], self.commands)
            ctx.fail(f"No such command {args[0]!r}.{hint or ' See --help.'}")
        return super().resolve_command(ctx, args)


def plain_errors(command: Callable[P, T]) -> Callable[P, T]:
    """Our own errors are sentences: exit 2 for data and usage, 1 for runs. So are Ctrl-C and being
    asked to end, after which processes and kernels that were begun are ended too."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            with _asked_to_end():
                return command(*args, **kwargs)
        except RmError as error:
            click.echo(str(error), err=True)
            sys.exit(2 if isinstance(error, StudyError) else 1)
        except KeyboardInterrupt as stop:
            click.echo(f"\n{STOPPED}", err=True)
            # what a shell expects of a command that Ctrl-C or kill ended
            sys.exit(143 if isinstance(stop, _Ended) else 130)

    return run


class _Ended(KeyboardInterrupt):
    """SIGTERM: handled on the way out wherever Ctrl-C is."""


@contextmanager
def _asked_to_end() -> Iterator[None]:
    """SIGTERM raises, unless whoever began this process handles or ignores it."""
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return

    def end(*_: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # the second time it ends at once
        raise _Ended

    signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def progress(message: str) -> None:
    """Say how far a command is, apart from what it answers."""
    click.echo(message, err=True)


def whole_numbers(text: str | None) -> tuple[int, int] | None:
    """The two ends of "LOW,HIGH"; anything else raises ``ValueError``."""
    if text is None:
        return None
    ends = text.split(",")
    try:
        low, high = (int(end) for end in ends)
    except ValueError:
        raise ValueError(f"--range {text}: give two whole numbers, as --range 1,5") from None
    return low, high
