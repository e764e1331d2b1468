"""Write a cohort of any size as Parquet, piece by piece: it is never held as a whole."""

from __future__ import annotations

import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from rmresearch.files import TEMPORARY, lock, write_bytes
from rmresearch.files.atomic import sync_folder, unwritten
from rmresearch.study import TABLES, Design
from rmresearch.world.cohort import design
from rmresearch.world.pieces import Piece, Truths, pieces
from rmresearch.world.scenario import Scenario
from rmresearch.world.truth import Truth, TruthRow
from rmresearch.world.writing import documents, places, refuse_others, truth_json, unfinished

__all__ = ["write_parquet"]

ARROW = {
    "text": pa.string(),
    "date": pa.timestamp("us"),
    "flag": pa.bool_(),
    "number": pa.float64(),
}
TEXTS = ("study.toml", "plan.toml")
DATA = {name: f"data/{name}.parquet" for name in TABLES}
TRUTH = "truth.json"

Say = Callable[[str], None]


def write_parquet(
    scenario: Scenario, folder: Path | str, *, seed: int, say: Say = lambda message: None
) -> Path:
    """Write the study of a scenario and seed as Parquet, and its truth in ``<folder>.truth``.

    It is the study of ``simulate``, with a row group for each piece (see `pieces`), so that memory
    does not grow with the cohort; the same scenario and seed give the same bytes. The folder may
    be absent, empty, or hold a synthetic study with files of the same names, which are replaced
    once everything is written. Anything else raises ``ReportError``, and so does a full disk;
    what was there is then unchanged. ``say`` is told how far it is.
    """
    drawn, (folder, beside) = pieces(scenario, seed), places(folder)
    refuse_others(folder, {*TEXTS, *DATA.values()})
    refuse_others(beside, {TRUTH})
    with _workshop(folder) as made:
        declared = design(scenario)
        rows, truths = _tables(made, drawn, declared, scenario.pairs, say)
        kept = [name for name in TABLES if rows[name]]
        for name, data in documents(declared, kept, "parquet").items():
            write_bytes(made / name, data)
        write_bytes(made / TRUTH, truth_json(Truth(truths, scenario, int(seed))))
        _move(made, folder, beside, [DATA[name] for name in kept])
    return folder


@contextmanager
def _workshop(folder: Path) -> Iterator[Path]:
    """This run's own folder beside the other one; what a killed run left there is removed."""
    place = folder.with_name(f".{folder.name}{TEMPORARY}")
    try:
        with lock(place):
            made = place / "made"
            shutil.rmtree(made, ignore_errors=True)
            try:
                made.mkdir()
                yield made
            except OSError as error:
                raise unwritten(folder, error) from error
            finally:
                shutil.rmtree(made, ignore_errors=True)
    finally:
        with suppress(OSError):  # another run may hold it
            place.rmdir()


def _tables(
    made: Path, drawn: Iterator[Piece], declared: Design, pairs: int, say: Say
) -> tuple[Counter[str], tuple[TruthRow, ...]]:
    """Write the tables, a piece after the other; their rows, and what is true of all pieces."""
    rows, truths, began, done = Counter[str](), Truths(), time.perf_counter(), 0
    (made / "data").mkdir()
    with ExitStack() as stack:
        writers = {
            name: stack.enter_context(_writer(made / file, _schema(name, declared)))
            for name, file in DATA.items()
        }
        for piece in drawn:
            for name, frame in piece.tables().items():
                rows[name] += len(frame)
                if len(frame):
                    writer = writers[name]
                    table = pa.Table.from_pandas(frame, writer.schema, preserve_index=False)
                    writer.write_table(table, row_group_size=len(frame))
            truths.add(piece.drawn)
            before, done = done, done + piece.pairs
            if 10 * before // pairs < 10 * done // pairs < 10:
                left = (time.perf_counter() - began) * (pairs - done) / done
                say(f"{done:,} of {pairs:,} pairs written; about {left:.0f} s left")
    return rows, truths.known()


def _schema(table: str, declared: Design) -> Any:
    """A table's columns and types, with the features of participants."""
    columns = {name: ARROW[kind] for name, kind in TABLES[table].items()}
    if table == "participants":
        columns |= {name: ARROW[kind] for name, kind in declared.features}
    return pa.schema(list(columns.items()))


@contextmanager
def _writer(path: Path, schema: Any) -> Iterator[Any]:
    """A file that is on the disk when it is closed; texts are kept once a row group."""
    with path.open("wb") as file:
        with parquet.ParquetWriter(
            file, schema, compression="zstd", use_dictionary=True, write_page_checksum=True
        ) as writer:
            yield writer
        file.flush()
        os.fsync(file.fileno())


def _move(made: Path, folder: Path, beside: Path, data: list[str]) -> None:
    """Put everything in its place; study.toml goes first and comes last.

    Whenever this is cut short there is the old study, the new one, or one that calls itself
    unfinished: never the new data under the old description.
    """
    (folder / "data").mkdir(parents=True, exist_ok=True)
    beside.mkdir(parents=True, exist_ok=True)
    unfinished(folder)
    for file in set(DATA.values()) - set(data):  # tables that the old study had
        (folder / file).unlink(missing_ok=True)
    os.replace(made / TRUTH, beside / TRUTH)
    for file in (*data, *reversed(TEXTS)):
        os.replace(made / file, folder / file)
    for place in (beside, folder / "data", folder):
        sync_folder(place)
