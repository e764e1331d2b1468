"""docs/data-dictionary.md: every table, column, key and field, with its type and what may stand.

Names, types, defaults and legal values are those of the code. What they mean stands in
dictionary.toml, for keys of study.toml in docs/study-file.md; a name without a meaning, and a
meaning without a name, is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

from rmresearch.errors import ReportError
from rmresearch.files import parse_toml, write_text
from rmresearch.io.schema import StudyFile
from rmresearch.privacy.codebook import Codebook
from rmresearch.privacy.judged import FLAGS, WORDS, Judgement, Standing
from rmresearch.privacy.passing import ReleasedCell, ReleasedEstimate, ReleasedTable
from rmresearch.privacy.release import Release
from rmresearch.result import PUBLIC, CellKind
from rmresearch.study import RECORD_KINDS, ROLES, TABLES

__all__ = ["page", "write_page"]

DOCS = Path(__file__).resolve().parents[3] / "docs"
#: how types of columns are named to readers
TYPES = {"text": "text", "number": "number", "date": "date", "flag": "yes or no"}
UNITS = {"minutes": "minutes"}
#: parts of a release: their heading, where their meanings stand, what they are made of
LISTS: tuple[tuple[str, str, type], ...] = (
    ("estimates", "released_estimate", ReleasedEstimate),
    ("tables", "released_table", ReleasedTable),
    ("cells of tables", "released_cell", ReleasedCell),
)
SINGLE: tuple[tuple[str, str, type], ...] = (
    ("standing", "standing", Standing),
    ("codebook", "codebook", Codebook),
)
OPENING = """\
# Data dictionary

Every column that is read, every key of study.toml, and every field of what is released, as this
version has them. Written by `make dictionary` from the code; a test compares.

Ids are replaced by pseudonyms when files are read ([what may leave](privacy-rules.md)). A file may
call its columns and values anything: `columns` and `values` in `[tables.*]` map them to these
names ([study.toml](study-file.md)). Columns that a study lacks are left out.
"""
RESULTS = """\
## Results

`rm.NAME(study, ...)` gives a `Result`. Its `to_frame()` has a row an estimate, always with these
columns; the first seven are the key, which the truth of a simulated study shares.
"""
KINDS = """\
Tables of a result are made of cells, each of a kind that says by which rules it may leave:
"""
RELEASED = """\
## released.json

What leadership's and the pulse's outputs are made of, beside them in their folder: `release`, with
the parts below, and `sha256`, the digest that `rmresearch` holds it to when it is read back. It
has no pseudonyms in it. Numbers are rounded, and counts are bands where the rules ask for it.
"""
WORDED = """\
### verdicts

Each is an `estimate`, as above, and a `judgement` (empty where the estimate is hidden) in words
from fixed lists:
"""


def page(study_file: str) -> str:
    """The page; ``study_file`` is the text of docs/study-file.md."""
    meanings = parse_toml(Path(__file__).with_name("dictionary.toml").read_text("utf-8"))
    parts = [OPENING, *_tables(meanings), *_keys(study_file, meanings["keys"]), RESULTS]
    parts += _told("column", PUBLIC, meanings["estimate"])
    parts += [KINDS, *_told("kind", get_args(CellKind), meanings["kinds"]), RELEASED]
    parts += _told("part", _names(Release), meanings["release"])
    for title, name, made in LISTS:
        parts += [f"### {title}\n", *_told("field", _names(made), meanings[name])]
    parts += [WORDED, *_judgement(meanings["judgement"])]
    for title, name, made in SINGLE:
        parts += [f"### {title}\n", *_told("field", _names(made), meanings[name])]
    return "\n".join(parts)


def _names(made: type) -> list[str]:
    """The fields that leave: why a number was hidden, and what else is not compared, stays."""
    return [one.name for one in fields(made) if one.repr and one.name not in {"reasons"}]


def _tables(meanings: Mapping[str, Any]) -> Iterator[str]:
    yield "## Tables that are read\n"
    for table, columns in TABLES.items():
        told = _held(table, columns, meanings[table])
        yield f"### {table}\n"
        yield f"{meanings['rows'][table]}\n"
        rows = (
            (f"`{name}`", UNITS.get(name) or TYPES[kind], told[name])
            for name, kind in columns.items()
        )
        yield _table(("column", "type", "what it is"), rows)


def _told(head: str, names: Iterable[str], meanings: Mapping[str, str]) -> Iterator[str]:
    told = _held(head, names, meanings)
    yield _table((head, "what it is"), ((f"`{name}`", told[name]) for name in told))


def _judgement(meanings: Mapping[str, str]) -> Iterator[str]:
    told = _held("judgement", [one.name for one in fields(Judgement)], meanings)
    rows = [(name, _choices(WORDS[name]) if name in WORDS else "true, false") for name in told]
    if {name for name, _ in rows} != {*WORDS, *FLAGS}:
        raise ReportError("a judgement's fields are not those of its lists and flags.")
    yield _table(
        ("field", "one of", "what it is"), ((f"`{name}`", one, told[name]) for name, one in rows)
    )


def _held(where: str, names: Iterable[str], meanings: Mapping[str, str]) -> dict[str, str]:
    """The meaning of each name, in the names' order; both must be complete."""
    names = list(names)
    if odd := set(names) ^ set(meanings):
        raise ReportError(f"dictionary.toml: {where} and its meanings differ in {sorted(odd)}.")
    known = {"{roles}": " or ".join(ROLES), "{kinds}": ", ".join(RECORD_KINDS)}
    found = {}
    for name in names:
        text = meanings[name]
        for mark, words in known.items():
            text = text.replace(mark, words)
        found[name] = text
    return found


def _keys(study_file: str, own: Mapping[str, str]) -> Iterator[str]:
    """Every key of study.toml, section by section."""
    schema, meanings = StudyFile.model_json_schema(), _meanings(study_file)
    yield "## Keys of study.toml\n"
    yield "More on each: [study.toml](study-file.md).\n"
    unused = set(own)
    for heading, section in _sections(schema["properties"], schema["$defs"], ""):
        path = heading.strip("[]")
        rows = []
        for key, kind in section["properties"].items():
            if _inner(kind) is not None:
                continue
            default = "needed" if key in section.get("required", ()) else _default(kind)
            told = own.get(f"{path}.{key}") or _looked_up(path.split("."), key, meanings)
            unused.discard(f"{path}.{key}")
            if not told:
                raise ReportError(f"nothing says what {path}.{key} means: dictionary.toml, [keys].")
            rows.append((f"`{key}`", _kind(kind), default, told))
        yield f"### {heading}\n"
        yield _table(("key", "type", "default", "what it is"), rows)
    if unused:
        raise ReportError(f"dictionary.toml, [keys]: no such keys: {sorted(unused)}.")


def _sections(
    properties: Mapping[str, Any], known: Mapping[str, Any], above: str
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The tables of the file in order, each with its heading and its part of the schema."""
    for name, kind in properties.items():
        inner = _inner(kind)
        if inner is None:
            continue
        section, path = known[inner], f"{above}{name}"
        if inner == "Tables":
            yield f"[{path}.*]", known["TableSource"]
            yield from _sections(known["TableSource"]["properties"], known, f"{path}.*.")
            continue
        path += ".*" if "additionalProperties" in kind else ""
        yield (f"[[{path}]]" if "items" in kind else f"[{path}]"), section
        yield from _sections(section["properties"], known, f"{path}.")


def _inner(kind: Mapping[str, Any]) -> str | None:
    """The section that a key opens, if it opens one."""
    inside = kind.get("items") or kind.get("additionalProperties")
    holders = [kind, inside if isinstance(inside, dict) else {}, *kind.get("anyOf", ())]
    found = [one["$ref"].rsplit("/", 1)[1] for one in holders if "$ref" in one]
    return found[0] if found else None


def _kind(kind: Mapping[str, Any]) -> str:
    """A key's type in words."""
    if "enum" in kind:
        return _choices(kind["enum"])
    if "anyOf" in kind:
        several = [_kind(one) for one in kind["anyOf"] if one.get("type") != "null"]
        plain = [one for one in several if one != "whole number" or "number" not in several]
        return " or ".join(dict.fromkeys(plain)) + _limits(kind)
    if kind.get("type") == "array":
        count = kind.get("minItems") if kind.get("minItems") == kind.get("maxItems") else None
        return f"list of {f'{count} x ' if count else ''}{_kind(kind['items'])}"
    if kind.get("type") == "object":
        return f"table of {_kind(kind['additionalProperties'])}"
    if kind.get("format") == "date":
        return "date"
    if "pattern" in kind:
        return "short name"
    words = {"string": "text", "integer": "whole number", "boolean": "true or false"}
    return words.get(kind.get("type", ""), "number") + _limits(kind)


def _limits(kind: Mapping[str, Any]) -> str:
    told = [
        f"{words} {kind[name]:,.10g}"
        for names, words in (
            (("minimum", "ge"), "from"),
            (("exclusiveMinimum", "gt"), "above"),
            (("maximum", "le"), "up to"),
        )
        for name in names
        if name in kind and abs(kind[name]) < 1e9  # what is larger only stops a slip
    ]
    return f" {' '.join(told)}" if told else ""


def _default(kind: Mapping[str, Any]) -> str:
    default = kind.get("default")
    if default in (None, "", [], {}):
        return "none"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _choices(several: Iterable[object]) -> str:
    words = {"\t": "a tab", "|": "`\\|`"}
    return ", ".join(words.get(str(one), f"`{one}`") for one in several)


def _looked_up(path: list[str], key: str, meanings: Mapping[tuple[str, str], str]) -> str:
    """What is said of a key under its section's own heading, or under one above it."""
    for depth in range(len(path), 0, -1):
        if told := meanings.get((".".join(path[:depth]), key)):
            return told
    return ""


def _meanings(study_file: str) -> dict[tuple[str, str], str]:
    """What docs/study-file.md says of each key, by section and key."""
    found: dict[tuple[str, str], str] = {}
    section = ""
    for line in study_file.splitlines():
        if opened := re.match(r"#+ \[+([\w.*]+)\]+", line):
            section = opened[1]
        row = re.match(r"\| (.+?) \| (.+) \|$", line)
        if row and section:
            for name in re.findall(r"`\[*([\w.]+)\]*`", row[1]):
                found.setdefault((section, name), row[2])
    return found


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def write_page(folder: Path = DOCS) -> Path:
    """Write the data dictionary."""
    path = folder / "data-dictionary.md"
    write_text(path, page((folder / "study-file.md").read_text("utf-8")))
    return path


if __name__ == "__main__":
    write_page()
