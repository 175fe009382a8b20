"""Feeds the parsers with what atheris finds by their coverage. usage: python -m tests.fuzz.run_atheris RUNS CORPUS

The first byte of an input chooses the parser, the rest is read as UTF-8 or else Latin-1. Prints how many inputs each
parser was given; an exception outside our error tree ends it with atheris's report and a code other than 0.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["egov_serang.signing"]):
    from tests.fuzz.parsers import PARSERS

from egov_serang.errors import EgovError


class Target:
    """Counts, chooses, reads."""

    def __init__(self, runs: int) -> None:
        self.left, self.counts = runs, Counter[str]()

    def __call__(self, data: bytes) -> None:
        if data:
            parser = PARSERS[data[0] % len(PARSERS)]
            self.counts[parser.name] += 1
            with suppress(EgovError):
                parser.read(text(data[1:]))
        self.left -= 1
        if self.left == 0:  # libFuzzer leaves without a farewell
            print(json.dumps(self.counts), flush=True)


def text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def main(runs: int, corpus: Path) -> None:
    """Write the seeds into the corpus, and go."""
    for number, parser in enumerate(PARSERS):
        for index, seed in enumerate(parser.seeds):
            (corpus / f"{number}-{index}").write_bytes(bytes([number]) + seed.encode())
    options = [f"-runs={runs}", "-seed=9421", "-max_len=2048", "-timeout=20", f"-artifact_prefix={corpus}/"]
    atheris.Setup([sys.argv[0], *options, str(corpus)], Target(runs))
    atheris.Fuzz()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
