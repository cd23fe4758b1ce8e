"""Whatever files and products are called, outputs are text and paths stay in their folders."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import sys
import unicodedata
from pathlib import Path

import pytest

from tests.cli.conftest import Call
from tests.retailer import CATALOGUE, Retailer, sale

FILES = (
    "a\nrun=fake outcome=done.csv",
    "-rf.csv",
    "\x1b[2J\x1b]0;owned\x07.csv",
    "[bold red]x.csv",
    "[link=x]y.csv",
    "'; DROP TABLE silver.sales; --.csv",
    'say "tea".csv',
    "a\\..\\b.csv",
    "$(touch owned).csv",
    "%2e%2e%2fa.csv",
    "\u202evsc.fdp.csv",
    "{0}{name}.csv",
    "=1+1.csv",
    " a .csv",
    "e\u0301\u00e9.csv",
    "*?.csv",
    "x" * 251 + ".csv",
)
PRODUCTS = (
    "<script>alert(1)</script>",
    "'; DROP TABLE silver.sales; --",
    "../../etc/passwd",
    "C:\\Windows",
    "[red]x[/]",
    "[link=http://x]y[/link]",
    ":boom:",
    "\x1b[31mred\x1b[0m",
    "\x1b]8;;http://x\x07y",
    "\x9b2J",
    "\u202eabc\u2066",
    "=HYPERLINK(1)",
    "+1",
    "-1+1",
    "@SUM(A1)",
    "\uff1d1",
    "${HOME}{0}%s",
)
FOLDERS = ("landing", "lakehouse")
COMMANDS = (
    ("status",),
    ("status", "--json"),
    ("plan",),
    ("show",),
    ("show", "--json"),
    ("show", "volume", "--csv"),
    ("quarantine", "list"),
    ("quarantine", "list", "--json"),
    ("quarantine", "show"),
    ("quarantine", "show", "--json"),
    ("catalogue", "show"),
    ("catalogue", "show", "--csv"),
    ("catalogue", "missing"),
    ("catalogue", "missing", "--csv"),
    ("run",),
    ("run", "--json"),
)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Retailer:
    """A retailer of hostile names: right files of lyon, and as many that boston has to refuse."""
    made = Retailer(tmp_path_factory.mktemp("hostile"))
    names = [_quoted(each) for each in PRODUCTS]
    lines = [f"{each},{each},{each},{each}" for each in names]
    made.deliver_catalogue("\n".join([CATALOGUE, *lines]))
    sales = [sale(f"{at}", item=each) for at, each in enumerate(names)]
    wrong = [each.replace('"', "").replace("1", "?") for each in sales]
    made.deliver("lyon/all.csv", *sales, *wrong)
    for at, name in enumerate(FILES):
        made.deliver(f"lyon/{name}", sale(f"file {at}"))
        made.deliver_text(f"boston/{name}", f"no header {at}\n{at}\n")
    made.run()
    folders = {"landing": str(made.landing), "lakehouse": str(made.lakehouse)}
    config = made.folder / "config.yaml"
    config.write_text(json.dumps({**made.declared, **folders}), encoding="utf-8")
    return made


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def files_below(folder: Path) -> set[str]:
    return {str(each.relative_to(folder)) for each in folder.rglob("*") if each.is_file()}


def test_every_file_ends_in_its_folder_under_its_own_name(hostile: Retailer) -> None:
    lakehouse = hostile.lakehouse
    archived = {Path(each).name for each in files_below(lakehouse / "archive/lyon")}
    assert archived == {*FILES, "all.csv"}
    refused = files_below(lakehouse / "rejected/boston")
    reasons = {each for each in refused if each.endswith("reason.txt")}
    assert {Path(each).name for each in refused - reasons} == set(FILES)
    assert len(reasons) == len(FILES)
    assert not files_below(hostile.landing)
    assert {each.name for each in hostile.folder.iterdir()} == {*FOLDERS, "config.yaml"}


def test_a_reason_can_be_printed(hostile: Retailer) -> None:
    reasons = list((hostile.lakehouse / "rejected").rglob("*reason.txt"))
    assert reasons
    for path in reasons:
        text = path.read_text(encoding="utf-8")
        assert text.count("\n") == 1
        assert is_harmless(text)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_output_steers_the_terminal(
    hostile: Retailer, call: Call, command: tuple[str, ...]
) -> None:
    said = call(*command, "--config", str(hostile.folder / "config.yaml"))
    assert said.code == 0, said.err
    assert is_harmless(said.out + said.err)
    if "--json" in command:
        json.loads(said.out)


def is_harmless(text: str) -> bool:
    """Whether a terminal obeys nothing in a text but its line ends."""
    turning = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    plain = text.replace("\n", "")
    return not any(unicodedata.category(each) == "Cc" or each in turning for each in plain)


def test_what_looks_like_markup_is_shown_as_it_is(hostile: Retailer, call: Call) -> None:
    shown = call("show", "--top", "50", "--config", str(hostile.folder / "config.yaml")).out
    for name in ("[red]x[/]", "[link=http://x]y[/link]", ":boom:", r"\x1b[31mred\x1b[0m"):
        assert name in shown
    # Marks that turn the direction of writing are no part of a product's name.
    assert "abc" in shown.split()


def test_no_cell_for_a_spreadsheet_is_a_formula(hostile: Retailer, call: Call) -> None:
    config = str(hostile.folder / "config.yaml")
    for command in (
        ("show", "value", "--csv"),
        ("catalogue", "show", "--csv"),
        ("quarantine", "export", "lyon"),
    ):
        out = call(*command, "--config", config).out.removeprefix("\ufeff")
        cells = [cell for row in csv.reader(io.StringIO(out, newline="")) for cell in row]
        texts = [cell for cell in cells if not cell.removeprefix("-").replace(".", "").isdigit()]
        assert texts
        assert not [each for each in texts if each.lstrip().startswith(tuple("=+-@\uff1d"))]


@pytest.mark.long
def test_what_is_exported_is_exact_in_a_file_and_harmless_on_a_terminal(
    hostile: Retailer, call: Call
) -> None:
    config = str(hostile.folder / "config.yaml")
    target = hostile.folder / "mend.csv"
    call("quarantine", "export", "lyon", "--out", str(target), "--config", config)
    assert "\x1b[" in target.read_text(encoding="utf-8")
    target.unlink()
    arguments = ["quarantine", "export", "lyon", "--config", config]
    assert is_harmless(on_a_terminal(*arguments).removeprefix("\ufeff"))


def on_a_terminal(*arguments: str) -> str:
    """What a command prints where stdout is a terminal."""
    shown: list[bytes] = []

    def read(descriptor: int) -> bytes:
        shown.append(os.read(descriptor, 1 << 16))
        return shown[-1]

    def hold(_: int) -> bytes:
        return b""

    pty.spawn([sys.executable, "-m", "sales_pipeline", *arguments], read, hold)
    return b"".join(shown).decode().replace("\r\n", "\n")


def test_a_file_of_a_hostile_name_is_withdrawn_by_it(hostile: Retailer, call: Call) -> None:
    config = str(hostile.folder / "config.yaml")
    for name in ("lyon/-rf.csv", "lyon/\x1b[2J\x1b]0;owned\x07.csv"):
        said = call("withdraw", "--yes", "--config", config, "--", name)
        assert said.code == 0, said.err
        assert is_harmless(said.out + said.err)


def test_a_name_that_is_no_text_is_left_and_named(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    odd = retailer.deliver("lyon/" + os.fsdecode(b"caf\xe9.csv"), sale("2"))
    report = retailer.run()
    assert report.exit_code == 0
    assert report.unclaimed == ["lyon/caf\udce9.csv"]
    assert odd.exists()
    assert retailer.run().is_nothing_new
