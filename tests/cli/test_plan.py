"""`plan` says what a run would do, does nothing, and is right about it."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from sales_pipeline.landing import discovery
from sales_pipeline.operations.plan import Plan, plan
from sales_pipeline.report.run import run_document
from sales_pipeline.report.status import status, status_document
from tests.cli.conftest import Call
from tests.retailer import CATALOGUE, Retailer, sale

FILE_KEYS = [
    "path", "feed", "bytes", "becomes", "reason", "delivery", "delivery_rows", "records", "months",
    "unusable",
]  # fmt: skip
PLAN_KEYS = [
    "exit_code", "is_nothing_to_do", "stop", "unfinished", "rejudged", "files", "held_files",
    "months", "closed_months", "months_unknown", "waiting_months", "remade", "notes",
]  # fmt: skip


def listing(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Everything below a folder: when it was changed, and its bytes."""
    return {
        str(path): (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for path in [folder, *folder.rglob("*")]
    }


def planned(retailer: Retailer, *rejudge: str) -> Plan:
    """What `plan` says, which must not change a thing."""
    before = listing(retailer.folder)
    found = plan(retailer.declaration, rejudge=rejudge)
    assert listing(retailer.folder) == before
    return found


def becomes(found: Plan) -> dict[str, str]:
    return {each.path: each.becomes for each in [*found.unfinished, *found.files]}


def months(found: Plan) -> list[str]:
    return [f"{each:%Y-%m}" for each in found.months]


def check_by_running(retailer: Retailer) -> Plan:
    """Plans, runs, and compares: the same files are taken, the same months touched."""
    known = len(retailer.ledger())
    found = planned(retailer)
    report = retailer.run()
    taken = ("new", "correction", "repeat", "rejected", "held")
    new = [each for each in retailer.ledger() if each.file_id > known]
    said = [each for each in found.files if each.becomes in taken]
    assert [each.path for each in said] == [each.path for each in new]
    states = {"repeat": "repeated", "rejected": "rejected", "held": "held"}
    assert [states.get(each.becomes, "archived") for each in said] == [each.state for each in new]
    assert found.months == report.months
    assert found.exit_code == report.exit_code
    return found


@pytest.fixture(scope="module")
def traded_once(tmp_path_factory: pytest.TempPathFactory) -> Retailer:
    """A retailer with sales of January and February in force; tests work on copies of it."""
    retailer = Retailer(tmp_path_factory.mktemp("traded"))
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", *(sale(str(number)) for number in range(1, 5)))
    retailer.deliver("lyon/b.csv", sale("11", "2025-02-01"), sale("12", "2025-02-02"))
    retailer.run()
    return retailer


@pytest.fixture
def traded(traded_once: Retailer, tmp_path: Path) -> Retailer:
    """A copy of the retailer with sales of January and February in force."""
    return traded_once.copied_to(tmp_path)


def with_every_kind(retailer: Retailer) -> None:
    """Lands a file of every kind."""
    march = [sale(str(number), "2025-03-01") for number in range(2, 4)]
    retailer.deliver("lyon/a.csv", sale("1"), *march)
    retailer.deliver("lyon/b.csv", sale("99", "2025-02-01"))
    retailer.deliver("lyon/c.csv", sale("31", "2025-04-30"), sale("32", "2025-05-01"))
    retailer.deliver("lyon/copy.csv", sale("31", "2025-04-30"), sale("32", "2025-05-01"))
    retailer.deliver_text("lyon/page.csv", "<html></html>")
    retailer.deliver("lyon/d.csv.part", sale("40"))
    retailer.deliver_text("notes.txt", "hello")
    (retailer.landing / "link.csv").symlink_to("notes.txt")
    retailer.deliver_text("catalogue/more.csv", CATALOGUE.replace("Vase,", "Lampe,", 1))


@pytest.mark.long
def test_every_file_is_said_in_the_order_of_a_run_and_the_run_does_it(traded: Retailer) -> None:
    with_every_kind(traded)
    found = check_by_running(traded)
    assert becomes(found) == {
        "catalogue/more.csv": "new",
        "lyon/a.csv": "correction",
        "lyon/b.csv": "held",
        "lyon/c.csv": "new",
        "lyon/copy.csv": "repeat",
        "lyon/page.csv": "rejected",
        "lyon/d.csv.part": "not_ready",
        "notes.txt": "unclaimed",
        "link.csv": "link",
    }
    assert months(found) == ["2025-01", "2025-03", "2025-04", "2025-05"]
    correction = found.files[1]
    assert (correction.delivery, correction.delivery_rows, correction.records) == (2, 4, 3)
    assert found.files[2].reason == traded.run().held_files[0].reason
    assert found.files[4].delivery == 7
    assert len(found.notes) == 1


def test_a_file_that_cannot_be_read_is_said_by_plan_status_and_run(
    traded: Retailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(path: Path) -> str:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    traded.deliver("lyon/c.csv", sale("31", "2025-04-30"))
    monkeypatch.setattr(discovery, "digest_of", refused)
    found = planned(traded)
    assert becomes(found) == {"lyon/c.csv": "unreadable"}
    assert (found.is_nothing_to_do, found.exit_code) == (True, 1)
    reason = found.files[0].reason or ""
    assert reason.startswith("cannot be read: Permission denied. Do: ")
    report = traded.run()
    assert (report.is_nothing_new, report.exit_code) == (True, 1)
    for document in (run_document(report), status_document(status(traded.declaration))["landing"]):
        assert document["unreadable"] == [{"path": "lyon/c.csv", "reason": reason}]


def test_before_the_first_run_not_even_the_lakehouse_folder_is_made(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2", "no day"), sale("3", "1999-12-31"), "cut")
    found = check_by_running(retailer)
    assert months(found) == ["2025-01"]
    assert [each.records for each in found.files] == [3, 4]


def test_with_nothing_new_a_run_would_do_nothing(traded: Retailer) -> None:
    found = planned(traded)
    assert found.is_nothing_to_do
    assert traded.run().is_nothing_new


@pytest.mark.long
@pytest.mark.parametrize("key", [["sale_id"], []])
def test_a_correction_that_would_be_held_is_foreseen(retailer: Retailer, key: list[str]) -> None:
    retailer.declared["feeds"]["lyon"]["key"] = key
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", *(sale(f" {number}") for number in range(1, 5)))
    retailer.run()
    for sales in ([], [sale("1 ")], [sale("1"), sale("2")], [sale("1"), sale("2"), sale("3")]):
        retailer.deliver("lyon/a.csv", *sales)
        check_by_running(retailer)


def test_an_empty_correction_of_the_catalogue_is_foreseen_to_be_held(traded: Retailer) -> None:
    traded.deliver_catalogue(CATALOGUE.partition("\n")[0] + "\n")
    assert becomes(check_by_running(traded)) == {"catalogue/catalogue.csv": "held"}
    assert [each.path for each in planned(traded).held] == ["catalogue/catalogue.csv"]


@pytest.mark.long
def test_files_that_are_left_and_known_are_said_with_their_delivery(
    retailer: Retailer, call: Call
) -> None:
    retailer.declared["archive"] = "leave"
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    retailer.deliver_text("lyon/page.csv", "<html></html>")
    retailer.run()
    retailer.deliver("lyon/b.csv", sale("2", "2025-02-01"))
    found = check_by_running(retailer)
    assert becomes(found) == {
        "lyon/b.csv": "new",
        "catalogue/catalogue.csv": "known",
        "lyon/a.csv": "known",
        "lyon/page.csv": "known",
    }
    assert [each.delivery for each in found.files] == [None, 1, 2, 3]
    said = call("plan", "--config", written(retailer))
    assert "4 files in the landing folder known already\n  catalogue/catalogue.csv: " in said.out


@pytest.mark.parametrize("stage", ["bronze", "silver", "gold", "archive"])
def test_what_an_interrupted_run_left_is_said_with_its_months(traded: Retailer, stage: str) -> None:
    march = [sale(str(number), "2025-03-01") for number in range(2, 4)]
    traded.deliver("lyon/a.csv", sale("1"), *march)
    with traded.stopped_before(stage):
        traded.run()
    found = planned(traded)
    assert becomes(found) == {"lyon/a.csv": "unfinished"}
    assert found.unfinished[0].delivery == 4
    report = traded.run()
    assert report.resumed == 1
    assert found.months == report.months
    assert planned(traded).is_nothing_to_do


@pytest.mark.long
@pytest.mark.parametrize("stage", ["bronze", "silver", "gold", "archive"])
def test_a_replay_that_was_cut_short_is_said_with_its_months(traded: Retailer, stage: str) -> None:
    traded.deliver("lyon/c.csv", sale("31", "2025-03-01"), sale("32", "2025-04-31"))
    traded.run()
    file = traded.export("lyon")
    file.write_bytes(file.read_bytes().replace(b"2025-04-31", b"2025-04-30"))
    with traded.stopped_before(stage):
        traded.replay(file)
    found = planned(traded)
    # What it mends is judged again with it.
    [mended, path] = [each.path for each in found.unfinished]
    assert (mended, "/replay-" in path) == ("lyon/c.csv", True)
    assert found.files == ()
    report = traded.run()
    assert (report.exit_code, found.exit_code) == (0, 0)
    assert found.months == report.months
    assert planned(traded).is_nothing_to_do


def test_what_was_claimed_and_vanished_since_is_abandoned(traded: Retailer) -> None:
    file = traded.deliver("lyon/c.csv", sale("31", "2025-03-01"))
    with traded.stopped_before("bronze"):
        traded.run()
    file.unlink()
    found = planned(traded)
    assert becomes(found) == {"lyon/c.csv": "abandoned"}
    assert found.exit_code == traded.run().exit_code == 1


def test_a_correction_that_an_interrupted_run_claimed_is_foreseen_to_be_held(
    traded: Retailer,
) -> None:
    traded.deliver("lyon/a.csv", sale("99"))
    with traded.stopped_before("bronze"):
        traded.run()
    found = planned(traded)
    assert (becomes(found), found.unfinished[0].delivery) == ({"lyon/a.csv": "held"}, 2)
    assert found.exit_code == traded.run().exit_code == 1


@pytest.mark.parametrize("stage", ["withdrawal", "gold"])
def test_what_is_on_its_way_out_is_said_with_its_months(traded: Retailer, stage: str) -> None:
    with traded.stopped_before(stage):
        traded.withdraw("lyon/b.csv")
    found = planned(traded)
    assert becomes(found) == {"lyon/b.csv": "unfinished"}
    assert months(found) == ["2025-02"]
    assert traded.run().exit_code == 0
    assert (2025, 2) not in traded.revenue()


def test_a_changed_meaning_would_stop_the_run(traded: Retailer) -> None:
    traded.declared["feeds"]["lyon"]["exclude_when"] = "sale_id = '1'"
    traded.deliver("lyon/c.csv", sale("31"))
    found = planned(traded)
    assert found.stop is not None
    assert "run --rejudge lyon" in found.stop
    assert (found.exit_code, found.months, becomes(found)) == (2, [], {"lyon/c.csv": "new"})


@pytest.mark.long
def test_what_would_be_judged_again_is_said_with_its_months(traded: Retailer, call: Call) -> None:
    traded.deliver("boston/a.csv", sale("1", "2025-07-01"))
    traded.deliver("lyon/c.csv", sale("21", "2025/08/01"))
    traded.run()
    traded.deliver("lyon/b.csv", sale("11", "2025-03-01"), sale("12", "2025-02-02"))
    traded.declared["feeds"]["lyon"]["date_formats"] = ["yyyy-MM-dd", "yyyy/MM/dd"]
    assert planned(traded).exit_code == planned(traded, "boston").exit_code == 2
    found = planned(traded, "lyon")
    again = [(each.path, each.becomes, each.delivery_rows) for each in found.rejudged]
    assert again == [
        ("catalogue/catalogue.csv", "rejudged", 3),
        ("lyon/a.csv", "rejudged", 4),
        ("lyon/c.csv", "rejudged", 1),
    ]
    assert becomes(found) == {"lyon/b.csv": "correction"}
    assert months(found) == ["2025-01", "2025-02", "2025-03", "2025-08"]
    said = call("plan", "--config", written(traded), "--rejudge", "lyon")
    assert "Judged again:\n  catalogue: 1 file, 3 records\n  lyon: 2 files, 5 records\n" in said.out
    assert call("plan", "--config", written(traded), "--rejudge", "lion").code == 2
    assert traded.run(rejudge=["lyon"]).months == found.months


def test_what_an_interrupted_rejudging_left_is_said_once(traded: Retailer) -> None:
    with traded.stopped_before("silver"):
        traded.run(rejudge=["lyon"])
    found = planned(traded, "lyon")
    assert found.rejudged == ()
    assert set(becomes(found).values()) == {"unfinished"}
    assert found.months == traded.run(rejudge=["lyon"]).months


def test_sql_is_tried_by_check_and_plan_as_by_a_run(retailer: Retailer, call: Call) -> None:
    feed = retailer.declared["feeds"]["lyon"]
    feed["exclude_when"] = "sale_id rlike '('"
    config = written(retailer)
    assert call("plan", "--config", config).code == 0
    retailer.deliver_catalogue()
    for command in ("plan", "check", "run"):
        said = call(command, "--config", config)
        assert said.code == 2
        assert "feeds.lyon.exclude_when: no SQL that the engine takes" in said.err


@pytest.mark.long
def test_stores_and_rates_declared_otherwise_make_gold_again(traded: Retailer) -> None:
    traded.deliver("boston/a.csv", sale("1", "2025-02-03"))
    traded.run()
    traded.declared["rates"]["fixed"]["USD"] = "0.90"
    found = check_by_running(traded)
    assert [each.reason for each in found.remade] == ["sales would take other exchange rates"]
    assert months(found) == ["2025-02"]
    traded.declared["feeds"]["lyon"]["store"]["city"] = "Lyon 2"
    assert months(check_by_running(traded)) == ["2025-01", "2025-02"]


def test_months_that_wait_for_a_rate_are_said(retailer: Retailer) -> None:
    retailer.declared["rates"] = {"landing": "rates/*.csv"}
    retailer.deliver_catalogue()
    retailer.deliver("boston/a.csv", sale("1"))
    retailer.run()
    found = planned(retailer)
    assert [f"{month:%Y-%m}" for month in found.waiting_months] == ["2025-01"]
    assert months(found) == ["2025-01"]


def test_days_by_sql_are_known_before_the_run(retailer: Retailer) -> None:
    feed = retailer.declared["feeds"]["lyon"]
    feed["columns"]["given_day"] = feed["columns"].pop("sold_on")
    feed["computed"] = {"sold_on": {"sql": "given_day"}}
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    found = check_by_running(retailer)
    assert (found.months_unknown, months(found)) == ([], ["2025-01"])


def test_one_day_for_all_records_is_known(retailer: Retailer) -> None:
    feed = retailer.declared["feeds"]["lyon"]
    feed["columns"]["given_day"] = feed["columns"].pop("sold_on")
    feed["computed"] = {"sold_on": {"value": "2025-06-07"}}
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    assert months(check_by_running(retailer)) == ["2025-06"]


def test_as_json_it_is_one_document_with_stable_keys(traded: Retailer, call: Call) -> None:
    with_every_kind(traded)
    said = call("plan", "--config", written(traded), "--json")
    document: dict[str, Any] = json.loads(said.out)
    assert said.code == document["exit_code"] == 1
    assert list(document) == PLAN_KEYS
    assert {tuple(each) for each in document["files"]} == {tuple(FILE_KEYS)}
    assert document["months"] == ["2025-01", "2025-03", "2025-04", "2025-05"]


def test_as_text_it_names_files_months_and_ends_with_one_line(traded: Retailer, call: Call) -> None:
    with_every_kind(traded)
    said = call("plan", "--config", written(traded))
    for part in (
        "correction of delivery 2 (4 records)",
        "held: a correction of delivery 3 (2 records)",
        "repeat of delivery 7",
        "Months that it touches: 2025-01, 2025-03, 2025-04, 2025-05\n",
        "The catalogue changes:",
    ):
        assert part in said.out
    assert said.out.endswith(
        "plan=1 unfinished=0 new=2 correction=1 repeat=1 rejected=1 held=1 months=4\n"
    )


def test_as_text_a_stop_comes_first(traded: Retailer, call: Call) -> None:
    traded.declared["feeds"]["lyon"]["returns"] = "quarantine"
    said = call("plan", "--config", written(traded))
    assert said.code == 2
    assert said.out.startswith("A run would stop:\nfeeds: declared otherwise")


def test_without_a_landing_folder_it_is_a_usage_error(retailer: Retailer, call: Call) -> None:
    retailer.landing.rmdir()
    said = call("plan", "--config", written(retailer))
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("landing: no such folder")


def written(retailer: Retailer) -> str:
    """The declaration as a file."""
    folders = {"landing": str(retailer.landing), "lakehouse": str(retailer.lakehouse)}
    path = retailer.folder / "config.yaml"
    # Every JSON document is a YAML document.
    path.write_text(json.dumps({**retailer.declared, **folders}))
    return str(path)
