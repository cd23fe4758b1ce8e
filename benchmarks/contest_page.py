"""The results of the contest: a table and a picture of them, for docs/benchmarks.md.

They are kept in docs/benchmarks.json, run by run, so that one size can be measured again without
the others.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any
from xml.sax.saxutils import escape

from benchmarks.process import Cost

PEERS = ("duckdb", "polars")
"""The scripts whose faster one is the measure of all."""
OWN, ON_JVM = ("embedded", "spark"), ("spark", "pyspark")
PLACE = re.compile("(<!-- made by `make bench` -->\n).*(<!-- end -->)", re.DOTALL)
HEAD = ("contestant", "seconds", "spread", "CPU s", "peak GB", "ratio", "CPU ratio")
# Measures of the picture, in pixels.
WIDTH, BARS, LINE = 820, 270, 24
BAR_WIDTH = WIDTH - BARS - 150


@dataclass(frozen=True)
class Entry:
    """The runs of one contestant, in the order of the rounds.

    Attributes:
        title: Its name in the table.
        runs: What each run cost.
    """

    title: str
    runs: list[Cost]

    @property
    def seconds(self) -> float:
        """The median."""
        return median(run.seconds for run in self.runs)

    @property
    def cpu_seconds(self) -> float:
        """The median."""
        return median(run.cpu_seconds for run in self.runs)

    @property
    def spread(self) -> tuple[float, float]:
        """The shortest and the longest time."""
        seconds = [run.seconds for run in self.runs]
        return min(seconds), max(seconds)

    @property
    def peak_gigabytes(self) -> float:
        """The largest memory of all runs."""
        return max(run.peak_bytes for run in self.runs) / 1e9


@dataclass(frozen=True)
class Sitting:
    """What was measured in turn at one size.

    Attributes:
        rows: The number of records in all.
        bytes: The size of the landing files.
        day: When.
        commit: The commit of this project.
        entries: Contestant -> its runs.
        left_out: Titles of the contestants that did not run.
    """

    rows: int
    bytes: int
    day: str
    commit: str
    entries: dict[str, Entry]
    left_out: list[str]

    def ratio(self, entry: Entry, field: str) -> str:
        """Compares a contestant with the faster of the peers, round by round; returns the median.

        Args:
            entry: The contestant.
            field: The figure of `Cost` to compare.
        """
        peers = [self.entries[name] for name in PEERS if name in self.entries]
        if not peers:
            return "-"
        fastest = min(peers, key=lambda peer: median(getattr(run, field) for run in peer.runs))
        rounds = zip(entry.runs, fastest.runs, strict=True)
        return f"{median(getattr(own, field) / getattr(peer, field) for own, peer in rounds):.2f}"


def table(sitting: Sitting) -> str:
    """Returns a sitting as text in Markdown."""
    rounds = len(next(iter(sitting.entries.values())).runs)
    often = "one run of each" if rounds == 1 else f"{rounds} runs of each, in turn"
    size = f"{sitting.rows:,} records, {sitting.bytes / 1e6:,.1f} MB"
    lines = [
        f"{size}; {often}; {sitting.day}, commit {sitting.commit}:",
        "",
        f"| {' | '.join(HEAD)} |",
        f"| --- |{' ---: |' * (len(HEAD) - 1)}",
    ]
    for entry in sitting.entries.values():
        shortest, longest = entry.spread
        cells = [
            entry.title,
            f"{entry.seconds:.2f}",
            "-" if rounds == 1 else f"{shortest:.2f} to {longest:.2f}",
            f"{entry.cpu_seconds:.2f}",
            f"{entry.peak_gigabytes:.2f}",
            sitting.ratio(entry, "seconds"),
            sitting.ratio(entry, "cpu_seconds"),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    if sitting.left_out:
        lines += ["", f"Not measured at this size: {'; '.join(sitting.left_out)}."]
    return "\n".join([*lines, ""])


def picture(sittings: Sequence[Sitting]) -> str:
    """Returns an SVG with a bar for each contestant at each size, as long as its median time.

    Each size has a scale of its own, and so have those on a JVM. A thin line goes from the
    shortest to the longest time.
    """
    parts, y = [], 0
    for sitting in sittings:
        on_jvm = {name: entry for name, entry in sitting.entries.items() if name in ON_JVM}
        others = {name: entry for name, entry in sitting.entries.items() if name not in ON_JVM}
        for title, entries in (("", others), (", on a JVM", on_jvm)):
            if not entries:
                continue
            head = f"{sitting.rows:,} records{title}"
            parts.append(f'<text x="10" y="{y + 28}" font-weight="bold">{head}</text>')
            y += LINE + 16
            longest = max(entry.spread[1] for entry in entries.values())
            for name, entry in entries.items():
                parts += _bar(entry, y, scale=BAR_WIDTH / longest, own=name in OWN)
                y += LINE
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y + 14}" '
        'font-family="sans-serif" font-size="13" fill="#222">\n'
        f'<rect width="{WIDTH}" height="{y + 14}" fill="#fff"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _bar(entry: Entry, y: int, *, scale: float, own: bool) -> Iterator[str]:
    start, end = (BARS + seconds * scale for seconds in entry.spread)
    middle, colour = y + LINE / 2, "#1f77b4" if own else "#b8bfc6"
    length = entry.seconds * scale
    shown = f"{entry.seconds:,.1f} s · {entry.peak_gigabytes:.1f} GB"
    yield f'<text x="{BARS - 8}" y="{y + 17}" text-anchor="end">{escape(entry.title)}</text>'
    yield f'<rect x="{BARS}" y="{y + 4}" width="{length:.1f}" height="{LINE - 8}" fill="{colour}"/>'
    yield f'<path d="M{start:.1f} {middle}H{end:.1f}" stroke="#222"/>'
    yield f'<text x="{end + 8:.1f}" y="{y + 17}">{shown}</text>'


def read_sittings(docs: Path) -> list[Sitting]:
    """Returns the sittings that are kept in a folder, the smallest first."""
    file = docs / "benchmarks.json"
    return [*map(_sitting, json.loads(file.read_text(encoding="utf-8")))] if file.exists() else []


def _sitting(kept: dict[str, Any]) -> Sitting:
    entries = {
        name: Entry(entry["title"], [Cost(**run) for run in entry["runs"]])
        for name, entry in kept["entries"].items()
    }
    return Sitting(**{**kept, "entries": entries})


def section(sittings: Sequence[Sitting]) -> str:
    """Returns what `make bench` writes into the page."""
    return "\n".join(["![Seconds of each contestant](benchmarks.svg)", "", *map(table, sittings)])


def write_page(docs: Path, sitting: Sitting) -> None:
    """Writes a sitting in the place of the one of the same size; makes page and picture again."""
    others = [kept for kept in read_sittings(docs) if kept.rows != sitting.rows]
    sittings = sorted([*others, sitting], key=lambda measured: measured.rows)
    page = docs / "benchmarks.md"
    kept = json.dumps([*map(asdict, sittings)], indent=1)
    (docs / "benchmarks.json").write_text(kept + "\n", encoding="utf-8")
    (docs / "benchmarks.svg").write_text(picture(sittings), encoding="utf-8")
    text = page.read_text(encoding="utf-8")
    made, places = PLACE.subn(lambda place: f"{place[1]}{section(sittings)}{place[2]}", text)
    if places != 1:
        raise ValueError(f"{page}: has {places} places for the results, expected one")
    page.write_text(made, encoding="utf-8")
