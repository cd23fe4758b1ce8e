"""P5: a mended file, delivered again, supersedes exactly the records it names."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from sales_pipeline.errors import UsageError
from sales_pipeline.run_report import RunReport
from tests.promises.killed_run import dies
from tests.retailer import HEADER, Retailer, sale

BALANCE = ("_file_id", "delivered_rows", "accepted_rows", "quarantined_rows", "superseded_rows")


def _waiting(retailer: Retailer) -> Retailer:
    """Three records of two files wait in quarantine, two that were fine count."""
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2", "2025-02-30"), sale("3", "soon"))
    retailer.deliver("lyon/b.csv", sale("4"), "5,2025-03-01")
    retailer.run()
    return retailer


@pytest.fixture(scope="module")
def waiting_once(tmp_path_factory: pytest.TempPathFactory) -> Retailer:
    """The retailer with records that wait; tests work on copies of it."""
    return _waiting(Retailer(tmp_path_factory.mktemp("waiting")))


@pytest.fixture(scope="module")
def waiting_without_key_once(tmp_path_factory: pytest.TempPathFactory) -> Retailer:
    """The same, where every record is a sale of its own."""
    retailer = Retailer(tmp_path_factory.mktemp("waiting"))
    retailer.declared["feeds"]["lyon"]["key"] = []
    return _waiting(retailer)


@pytest.fixture
def retailer(waiting_once: Retailer, tmp_path: Path) -> Retailer:
    """A copy of the retailer with records that wait."""
    return waiting_once.copied_to(tmp_path)


def _mended(retailer: Retailer, *changes: tuple[str, str], only: int | None = None) -> Path:
    """Exports what waits of lyon, and replaces texts in it; `only` that many of the records."""
    file = retailer.export("lyon")
    text = file.read_text(encoding="utf-8-sig")
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    file.write_text("".join(text.splitlines(keepends=True)[: only and only + 1]), newline="")
    return file


def _replayed(retailer: Retailer) -> tuple[str, RunReport]:
    """Mends two of the three records, one of each file, and leaves the third out."""
    file = _mended(retailer, ("2025-02-30", "2025-02-28"))
    rows = list(csv.reader(file.read_text().splitlines()))
    rows[3][:6] = ["5", "2025-03-01", "Vase", "10.00", "2", "20.00"]
    with file.open("w", newline="") as out:
        csv.writer(out).writerows([rows[0], rows[1], rows[3]])
    report = retailer.replay(file)
    (path,) = (each.path for each in retailer.ledger() if each.mends)
    return path, report


def test_p5_a_mended_record_counts_once_and_the_others_wait(retailer: Retailer) -> None:
    path, report = _replayed(retailer)
    assert report.exit_code == 0
    assert retailer.revenue() == {(2025, 1): "20.00", (2025, 2): "10.00", (2025, 3): "20.00"}
    assert retailer.rows("silver.quarantine", "_file_id", "_row") == [(2, 3)]
    assert retailer.rows("ops.balance", *BALANCE)[1:] == [
        (2, 3, 1, 1, 1),
        (3, 2, 1, 0, 1),
        (4, 2, 2, 0, 0),
    ]
    assert {each.balances for each in report.balances} == {True}
    assert [(each.feed, each.files, each.delivered) for each in report.feeds] == [("lyon", 1, 2)]
    assert [(note.path, note.reason) for note in report.corrected] == [
        (path, "mends 2 records of lyon/a.csv, lyon/b.csv")
    ]
    assert retailer.run().is_nothing_new


@pytest.mark.long
def test_p3_a_replay_is_the_same_after_rebuild_and_rejudge(retailer: Retailer) -> None:
    _replayed(retailer)
    before = retailer.state()
    retailer.run(rejudge=["lyon"])
    assert retailer.state() == before
    retailer.rebuild()
    assert retailer.state() == before


@pytest.mark.long
def test_p5_a_mend_that_is_wrong_again_is_quarantined_and_can_be_mended_again(
    retailer: Retailer,
) -> None:
    retailer.replay(_mended(retailer, ("2025-02-30", "2025-02-29"), only=1))
    assert retailer.rows("silver.quarantine", "_file_id", "_row") == [(2, 3), (3, 2), (4, 1)]
    again = retailer.export("lyon").read_text(encoding="utf-8-sig").splitlines()
    again = [
        again[0],
        *(line.replace("2025-02-29", "2025-02-28") for line in again if "02-29" in line),
    ]
    (retailer.folder / "again.csv").write_text("\n".join(again))
    retailer.replay("again.csv")
    assert retailer.rows("silver.quarantine", "_file_id", "_row") == [(2, 3), (3, 2)]
    assert retailer.revenue()[2025, 2] == "10.00"
    assert retailer.rows("ops.balance", *BALANCE)[-2:] == [(4, 1, 0, 0, 1), (5, 1, 1, 0, 0)]
    before = retailer.state()
    retailer.rebuild()
    assert retailer.state() == before


@pytest.mark.long
def test_p5_of_two_replays_of_a_record_the_latest_counts_until_it_is_withdrawn(
    waiting_without_key_once: Retailer, tmp_path: Path
) -> None:
    retailer = waiting_without_key_once.copied_to(tmp_path)
    file = _mended(retailer, ("2025-02-30", "2025-02-28"), only=1)
    retailer.replay(file)
    file.write_text(file.read_text().replace("10.00,1,10.00", "10.00,3,30.00"))
    retailer.replay(file)
    assert retailer.revenue()[2025, 2] == "30.00"
    first, last = (each.path for each in retailer.ledger() if each.mends)
    retailer.withdraw(last)
    assert retailer.revenue()[2025, 2] == "10.00"
    before = retailer.state()
    retailer.rebuild()
    assert retailer.state() == before
    retailer.withdraw(first)
    assert (2025, 2) not in retailer.revenue()
    assert len(retailer.table("silver.quarantine")) == 3


@pytest.mark.long
@pytest.mark.parametrize("is_withdrawn", [True, False])
def test_p5_a_mended_record_leaves_with_the_file_that_it_mends(
    waiting_without_key_once: Retailer, tmp_path: Path, *, is_withdrawn: bool
) -> None:
    retailer = waiting_without_key_once.copied_to(tmp_path)
    _replayed(retailer)
    if is_withdrawn:
        retailer.withdraw("lyon/a.csv")
        assert retailer.revenue() == {(2025, 1): "10.00", (2025, 3): "20.00"}
    else:
        retailer.deliver("lyon/a.csv", sale("1"), sale("2", "2025-02-27"), sale("3", "2025-02-27"))
        assert retailer.run().exit_code == 0
        assert retailer.revenue()[2025, 2] == "20.00"
    assert [each[1:] for each in retailer.rows("ops.balance", *BALANCE) if each[0] == 4] == [
        (2, 1, 0, 1)
    ]
    before = retailer.state()
    retailer.rebuild()
    assert retailer.state() == before
    assert retailer.run().is_nothing_new


@pytest.mark.long
def test_p5_a_replay_that_a_rule_refuses_changes_nothing(retailer: Retailer) -> None:
    rule = {"holds": "amount < 100", "severity": "fail"}
    retailer.declared["feeds"]["lyon"]["rules"] = {"is_small": rule}
    before = retailer.state()
    file = _mended(
        retailer, ("2025-02-30,Vase,10.00,1,10.00", "2025-02-28,Vase,10.00,50,500"), only=1
    )
    report = retailer.replay(file)
    assert report.exit_code == 1
    (path,) = (note.path for note in report.rejected)
    kept = list((retailer.lakehouse / "rejected").rglob("replay-*"))
    assert sorted(each.suffix for each in kept) == [".csv", ".txt"]
    balance = [row for row in retailer.state()["ops.balance"] if path not in row]
    assert {**retailer.state(), "ops.balance": balance} == before


def test_p5_the_same_replay_again_is_a_repeat(retailer: Retailer) -> None:
    path, _ = _replayed(retailer)
    report = retailer.replay("mend.csv")
    assert [note.reason for note in report.repeated] == [
        f"the same bytes as {path}, which is in force"
    ]
    assert sum(1 for each in retailer.ledger() if each.mends) == 1


@pytest.mark.long
def test_p5_what_a_spreadsheet_makes_of_a_file_is_understood(tmp_path: Path) -> None:
    retailer = Retailer(tmp_path)
    retailer.declared["feeds"]["lyon"]["csv"] = {
        "header": False,
        "skip_lines": 1,
        "footer_lines": 1,
    }
    columns = retailer.declared["feeds"]["lyon"]["columns"]
    retailer.declared["feeds"]["lyon"]["columns"] = {
        name: number for number, name in enumerate(columns, start=1)
    }
    retailer.declared["feeds"]["lyon"]["archive"] = "leave"
    retailer.deliver_catalogue()
    lines = ["Till 7", sale("1"), sale("2", "2025-02-30", '"Vase ""\nÉ"'), "total: 2"]
    file = retailer.deliver_text("lyon/a.csv", "\n".join(lines))
    retailer.run()
    rows = list(
        csv.reader(retailer.export("lyon").read_text("utf-8-sig").splitlines(keepends=True))
    )
    assert rows[0] == ["1", "2", "3", "4", "5", "6", "_file_id", "_row", "_reasons", "_raw"]
    assert rows[1][2] == 'Vase "\nÉ'
    rows[1][1:3] = ["2025-02-28", "Vase"]
    turned = [list(reversed(row)) for row in rows]
    with (retailer.folder / "sheet.csv").open("w", newline="", encoding="utf-16") as out:
        csv.writer(out, delimiter="\t").writerows(turned)
    retailer.replay("sheet.csv")
    assert retailer.revenue() == {(2025, 1): "10.00", (2025, 2): "10.00"}
    assert file.exists()


def test_p5_a_replay_that_names_what_does_not_wait_is_refused_whole(retailer: Retailer) -> None:
    retailer.deliver("boston/a.csv", sale("1", "soon"))
    retailer.run()
    before = retailer.states()
    header = f"_row,_file_id,{HEADER}"
    fine = sale("9")
    for lines, said in {
        (f"1,2,{fine}", f"9,2,{fine}"): "record 1: lyon/a.csv record 1 is not in quarantine; "
        "record 2: lyon/a.csv record 9 is not in quarantine. Nothing was changed.",
        (f"1,7,{fine}",): "record 1: no delivery has the _file_id 7",
        (f"2,2,{fine}", f"1,4,{fine}"): "names records of the feeds boston and lyon",
        (f"2,2,{fine}", f"2,2,{fine}"): "record 2 of delivery 2 is named twice",
        (f"2,x,{fine}",): "_file_id and _row must be numbers",
        (f"2,2,{fine},more",): "has 9 fields, more than the header",
        ("2,2",): "record 1: its columns are empty",
        (): "has no record",
    }.items():
        (retailer.folder / "m.csv").write_text("\n".join([header, *lines]))
        with pytest.raises(UsageError) as refused:
            retailer.replay("m.csv")
        assert said in str(refused.value)
    (retailer.folder / "m.csv").write_text(f"_row,_file_id,id\n2,2,{1}\n")
    with pytest.raises(UsageError, match="must have each of these columns once: day, item"):
        retailer.replay("m.csv")
    (retailer.folder / "m.csv").write_text(HEADER)
    with pytest.raises(UsageError, match="has no header with _file_id and _row"):
        retailer.replay("m.csv")
    assert retailer.states() == before


@pytest.mark.long
def test_p5_a_killed_replay_is_finished_by_the_next_run(
    waiting_once: Retailer, tmp_path: Path
) -> None:
    calm = _prepared(waiting_once, tmp_path / "calm")
    before = calm.state()
    calm.replay("mend.csv")
    for point in (1, 3, 6):
        retailer = _prepared(waiting_once, tmp_path / str(point))
        assert dies(retailer, point, "before", "replay", "mend.csv")
        retailer.run()
        # Before its first commit nothing was decided.
        assert retailer.state() == (before if point == 1 else calm.state()), point
        assert retailer.run().is_nothing_new


def _prepared(waiting_once: Retailer, folder: Path) -> Retailer:
    retailer = waiting_once.copied_to(folder)
    _mended(retailer, ("2025-02-30", "2025-02-28"), ("soon", "2025-02-27"), only=2)
    return retailer
