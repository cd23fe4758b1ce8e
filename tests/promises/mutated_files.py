"""Damaged landing files by the thousand, for P2 and P4: no crash, no record without an account.

    python -m tests.promises.mutated_files 10000             # so many files, 1,000 a lakehouse
    python -m tests.promises.mutated_files 10000 --from 100  # other seeds
    python -m tests.promises.mutated_files 1000 --only 17    # one seed, with all it finds
    python -m tests.promises.mutated_files 10000 --reader    # the landing reader alone

A seed makes many files in many dialects, damages most of them, delivers all of them to one
lakehouse and runs; some grow or are replaced while the run reads them. What it finds is compared
with a count that shares no code with the pipeline. Files that show something wrong are kept in a
folder, made as small as it goes.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

from sales_pipeline.bronze.feed_files import file_shape
from sales_pipeline.config.model import Declaration
from sales_pipeline.errors import FileRejected
from sales_pipeline.landing.examine import examine
from sales_pipeline.landing.reader import read_batches
from sales_pipeline.report.run import run_document, run_text
from tests.batch_ways import take_way
from tests.landing.definition import defined_rows, in_order
from tests.promises.accounts import Accounts, Finding
from tests.promises.busy_files import changed_while_read
from tests.promises.mutations import MutatedFile, declaration, make_files, right_files
from tests.retailer import Retailer

FILES_A_RUN = 1000
TRIES = 60
RUNS = 4
"""In so many runs the files are taken in that changed during the first."""


def check_run(files: Sequence[MutatedFile], folder: Path) -> list[Finding]:
    """Delivers files to a lakehouse in an empty folder, runs, and gives all that is wrong."""
    retailer = Retailer(folder, declaration())
    for file in (*right_files(), *files):
        retailer.deliver_text(file.path, file.data)
    changes = {file.path: file.change for file in files if file.change}
    try:
        with changed_while_read(retailer.landing, changes) as overwritten:
            report = retailer.run()
        run_text(report)
        run_document(report)
        runs = 1
        while not (again := retailer.run()).is_nothing_new and runs < RUNS:
            runs += 1
    except Exception:  # noqa: BLE001 - whatever it is, it is found
        return [Finding(traceback.format_exc())]
    findings = []
    if not (again.is_nothing_new or report.held) or (runs > 1 and not (changes or report.held)):
        findings.append(Finding(f"after {runs} runs there is work"))
    refusals = (report.rejected, report.failed, report.abandoned, report.held, report.held_files,
                report.unmoved, report.changed)  # fmt: skip
    if report.exit_code != int(any(refusals)):
        findings.append(Finding(f"exit code {report.exit_code}, refused something: {refusals}"))
    return [*findings, *Accounts(retailer, files, overwritten).findings()]


def check_reader(
    files: Iterable[MutatedFile], folder: Path, declared: Declaration
) -> list[Finding]:
    """Reads files with the landing reader alone, and gives those that it does not read right."""
    found = []
    for file in files:
        path = folder / "file.csv"
        path.write_bytes(file.data)
        try:
            what = _misread(file, path, declared)
        except Exception:  # noqa: BLE001 - whatever it is, it is found
            what = traceback.format_exc()
        if what:
            found.append(Finding(what, file.path))
    return found


def _misread(file: MutatedFile, path: Path, declared: Declaration) -> str | None:
    shape = file_shape(declared, file.feed)
    try:
        examine(path, shape)
    except FileRejected:
        return None
    size = 1 << (int(hashlib.sha256(file.data).hexdigest()[:4], 16) % 18)
    size = size if len(file.data) < 20_000 else 1 << 16
    read = [
        in_order(read_batches(str(path), shape, 7, block_bytes=each)) for each in (size, 1 << 20)
    ]
    if read[0] != read[1]:
        return f"in blocks of {size} bytes it reads otherwise"
    if file.data.startswith(b"\x1f\x8b"):
        return None
    return None if read[0] == defined_rows(file.data, shape) else "not what its definition says"


def check(seed: int, count: int = FILES_A_RUN, *, reader: bool = False) -> list[Finding]:
    """Makes the files of a seed and gives all that is wrong with how they are taken in."""
    take_way(is_held=seed % 2 == 1)
    return _checked_files(make_files(seed, count), reader=reader)


def _checked_files(files: Sequence[MutatedFile], *, reader: bool) -> list[Finding]:
    with tempfile.TemporaryDirectory() as folder:
        if reader:
            declared = Retailer(Path(folder), declaration()).declaration
            return check_reader(files, Path(folder), declared)
        return check_run(files, Path(folder))


def smallest(
    files: Sequence[MutatedFile], is_wrong: Callable[[Sequence[MutatedFile]], bool]
) -> list[MutatedFile]:
    """Gives as few and as small files as some tries find that are wrong in the same way."""
    tries = iter(range(TRIES))
    found = list(files)
    while len(found) > 1 and next(tries, None) is not None:
        half = len(found) // 2
        parts = [part for part in (found[:half], found[half:]) if is_wrong(part)]
        if not parts:
            break
        found = parts[0]
    if len(found) > 1:
        return found
    while pieces := _first_wrong(found[0], is_wrong, tries):
        found = [pieces]
    return found


def _first_wrong(
    file: MutatedFile, is_wrong: Callable[[Sequence[MutatedFile]], bool], tries: Iterator[int]
) -> MutatedFile | None:
    for data in _smaller(file.data):
        if next(tries, None) is None:
            return None
        smaller_file = replace(file, data=data, damages=("made smaller",))
        if is_wrong([smaller_file]):
            return smaller_file
    return None


def _smaller(data: bytes) -> Iterator[bytes]:
    """Gives the bytes with ever smaller pieces of them left out, for a search of what matters."""
    size = len(data) // 2
    while size:
        for start in range(0, len(data), size):
            yield data[:start] + data[start + size :]
        size //= 2


def keep_smallest(seed: int, found: Sequence[Finding], *, count: int, reader: bool) -> Path:
    """Writes the smallest files that show the first finding to a folder, and says where."""
    named = {each.path for each in found if each.path}
    every = make_files(seed, count)
    files = [file for file in every if file.path in named]
    files = sorted(files, key=lambda file: len(file.data))[:1] or every
    few = smallest(files, lambda some: bool(_checked_files(some, reader=reader)))
    folder = Path(tempfile.mkdtemp(prefix=f"mutated-files-seed-{seed}-"))
    for file in few:
        for number, version in enumerate(file.versions()):
            target = folder / (f"{number}" if number else "") / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(version.data)
        if file.change:
            (folder / "change.txt").write_text(repr(replace(file.change, data=b"")))
    return folder


def _one(given: tuple[int, int, bool]) -> tuple[int, int, list[Finding], str]:
    """A seed, the number of its files, what is wrong, and where the files are that show it."""
    seed, count, reader = given
    found = check(seed, count, reader=reader)
    kept = str(keep_smallest(seed, found, count=count, reader=reader)) if found else ""
    return seed, count, found, kept


def main() -> int:
    """Checks so many files, says how it went; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("count", type=int, nargs="?", default=FILES_A_RUN, help="how many files")
    parser.add_argument("--from", dest="first", type=int, default=0, help="the first seed")
    parser.add_argument("--only", type=int, help="one seed, with all that it finds")
    parser.add_argument("--reader", action="store_true", help="the landing reader alone")
    parser.add_argument("--jobs", type=int, default=1, help="how many lakehouses at a time")
    given = parser.parse_args()
    counts = [FILES_A_RUN] * (given.count // FILES_A_RUN) + [given.count % FILES_A_RUN]
    work = [
        (seed, count, given.reader) for seed, count in enumerate(filter(None, counts), given.first)
    ]
    if given.only is not None:
        work = [(given.only, min(given.count, FILES_A_RUN), given.reader)]
    began, files, wrong = time.time(), 0, []
    with ProcessPoolExecutor(given.jobs, mp_context=get_context("spawn")) as pool:
        for seed, count, found, kept in pool.map(_one, work):
            files += count
            if found:
                wrong.append(seed)
                shown = found if given.only is not None else islice(found, 3)
                print(f"seed {seed}: {len(found)} wrong; the smallest in {kept}")
                print("\n".join(f"  {each}" for each in shown), flush=True)
    print(
        f"{files:,} files in {len(work)} {'groups' if given.reader else 'lakehouses'}, "
        f"{len(wrong)} seeds that show something wrong {wrong or ''} in {time.time() - began:.0f} s"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
