"""Verify the residents of a CSV file, each once: from cron, and again after any interruption.

    python cron_batch.py residents.csv results.csv

The source has the columns `nik` and `full_name`. Beside the result stands a journal of row numbers and outcomes, with
nothing of a person. Exit codes:

0   every row has an answer
1   so it is, but some rows were refused: see the result
2   this run cannot begin: wrong use, or another one is under way
3   the configuration cannot work
75  not finished (quota, no connection, a slow register): run it again, within 24 hours
"""

from __future__ import annotations

import argparse
import csv
import fcntl
import hashlib
import json
import logging
import os
import sys
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import Progress

from egov_serang import Client, ConfigError, Conflict, EgovError, Invalid, NotFound, RateLimited
from egov_serang.models.identity import Attributes, Purpose

PURPOSE: Final = Purpose(purpose_code="social_aid", legal_basis="public_task")
JOB: Final = uuid.UUID("5f0d2f6e-3c56-4b1b-9a51-6e2f3a1d9c40")  # this job's own; any UUID that never changes
PATIENCE: Final = 10  # times a row may be told to come back later

Row = tuple[int, dict[str, str]]
log = logging.getLogger("cron_batch")


class Unusable(Exception):
    """This run cannot begin."""


class Journal:
    """Which rows have an answer. Append-only, so a kill costs at most the line being written."""

    def __init__(self, path: Path, source_id: str) -> None:
        self._file = path.open("a+b", buffering=0)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # gone with the process, however it ends
        except BlockingIOError:
            raise Unusable(f"another run holds {path}") from None
        self._file.seek(0)
        whole, newline, _torn = self._file.read().rpartition(b"\n")
        self._file.truncate(len(whole) + len(newline))
        lines = [json.loads(line) for line in whole.splitlines()]
        if not lines:
            self._write({"source": source_id})
        elif lines[0] != {"source": source_id}:
            raise Unusable(f"{path} belongs to another source: has the file changed since the first run?")
        self.answers: dict[int, str] = {line["row"]: line["outcome"] for line in lines[1:]}

    def add(self, row: int, outcome: str) -> None:
        self._write({"row": row, "outcome": outcome})
        self.answers[row] = outcome

    def _write(self, line: dict[str, str | int]) -> None:
        self._file.write(json.dumps(line).encode() + b"\n")


def ask(client: Client, source_id: str, row: int, fields: dict[str, str]) -> str:
    """The outcome of one row. Its key is the same in every run, so a repetition has no second effect."""
    key = str(uuid.uuid5(JOB, f"{source_id}/{row}"))
    sure = client.with_options(idempotency_key=key)
    person = Attributes(full_name=fields["full_name"])
    patience = PATIENCE
    while True:
        try:
            return sure.identity.verify(fields["nik"], person, purpose=PURPOSE, client_reference=key).outcome
        except RateLimited as busy:  # after the repetitions the client makes by itself
            if not patience:
                raise
            patience -= 1
            time.sleep(busy.retry_after or 5)
        except (Invalid, Conflict, NotFound) as refused:  # this row's fault; any other error would meet every row
            return f"refused: {refused.code}"


def work(client: Client, source_id: str, rows: Iterator[Row], at_once: int) -> Iterator[tuple[int, str]]:
    """Row numbers and outcomes as they come, `at_once` under way. A failure ends it when those have told theirs."""
    failure: EgovError | None = None
    under_way: dict[Future[str], int] = {}
    with ThreadPoolExecutor(at_once) as pool:
        while True:
            while failure is None and len(under_way) < at_once and (row := next(rows, None)) is not None:
                under_way[pool.submit(ask, client, source_id, *row)] = row[0]
            if not under_way:
                break
            for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                row_number = under_way.pop(future)
                try:
                    yield row_number, future.result()
                except EgovError as error:
                    failure = failure or error
    if failure is not None:
        raise failure


def rows_of(source: Path) -> Iterator[Row]:
    """The rows, counted from 1."""
    with source.open(encoding="utf-8-sig", newline="") as file:
        table = csv.DictReader(file)
        if not {"nik", "full_name"} <= set(table.fieldnames or ()):
            raise Unusable(f"{source} must have the columns nik and full_name")
        yield from enumerate(table, 1)


def write_result(path: Path, answers: dict[int, str]) -> None:
    """The result, in the source's order; it replaces the old one only when it is whole."""
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("row", "outcome"), *sorted(answers.items())])
    part.replace(path)


def run(source: Path, result: Path, at_once: int) -> int:
    source_id = hashlib.sha256(source.read_bytes()).hexdigest()
    journal = Journal(result.with_suffix(".journal"), source_id)
    total = sum(1 for _ in rows_of(source))
    todo = ((row, fields) for row, fields in rows_of(source) if row not in journal.answers)
    log.info("%d of %d rows have an answer already", len(journal.answers), total)
    terminal = Console(stderr=True)
    try:
        with Client() as client, Progress(console=terminal, disable=not terminal.is_terminal) as progress:
            task = progress.add_task("verifying", total=total, completed=len(journal.answers))
            for row, outcome in work(client, source_id, todo, at_once):
                if outcome == "pending":
                    continue  # the register needs longer: the next run asks again, with the same key
                journal.add(row, outcome)
                progress.advance(task)
                if not terminal.is_terminal and len(journal.answers) % max(1, total // 10) == 0:
                    log.info("%d of %d", len(journal.answers), total)
    finally:
        write_result(result, journal.answers)
    refused = sum(outcome.startswith("refused") for outcome in journal.answers.values())
    log.info("%d of %d rows have an answer, %d refused", len(journal.answers), total, refused)
    if len(journal.answers) < total:
        return os.EX_TEMPFAIL
    return 1 if refused else 0


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    parser = argparse.ArgumentParser(description="Verify the residents of a CSV file, each once.")
    parser.add_argument("source", type=Path, help="CSV with the columns nik and full_name")
    parser.add_argument("result", type=Path, help="CSV to write: row, outcome")
    parser.add_argument("--at-once", type=int, default=8, metavar="N", help="rows under way at a time (8)")
    wanted = parser.parse_args()
    try:
        return run(wanted.source, wanted.result, wanted.at_once)
    except (Unusable, OSError) as error:
        log.error("%s", error)
        return 2
    except ConfigError as error:
        log.error("%s", error)
        return 3
    except EgovError as error:  # the text holds nothing of a person
        log.error("not finished, run it again: %s: %s", type(error).__name__, error)
        return os.EX_TEMPFAIL
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
