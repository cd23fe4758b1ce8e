"""P4: a landing file moves only after its rows are safe, and is never deleted."""

from __future__ import annotations

import gzip
import hashlib

import pytest

from sales_pipeline.landing.archive import keep, kept_path
from tests.retailer import HEADER, Retailer, sale


def test_p4_a_file_lies_in_the_archive_under_its_hash(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    file = retailer.deliver("lyon/2025/a.csv", sale("1"))
    retailer.declared["feeds"]["lyon"]["landing"] = "lyon/**/*.csv"
    content = file.read_bytes()
    retailer.run()
    digest = hashlib.sha256(content).hexdigest()
    archived = retailer.lakehouse / "archive/lyon" / digest[:12] / "2025/a.csv"
    assert archived.read_bytes() == content
    assert not file.exists()


def test_p4_a_rejected_file_lies_beside_its_reason_and_the_others_go_on(
    retailer: Retailer,
) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/good.csv", sale("1"))
    page = "<!DOCTYPE html><html><body>502 Bad Gateway</body></html>"
    retailer.deliver_text("lyon/page.csv", page)
    retailer.deliver_text("lyon/empty.csv", b"")
    retailer.deliver_text("lyon/zip.csv", b"PK\x03\x04" + bytes(range(200)))
    retailer.deliver("lyon/other.csv", "1,2", header="a,b")
    retailer.deliver("lyon/short.csv", "1,2025-01-01,Vase,1", header="id,day,item,price")
    report = retailer.run()
    assert report.exit_code == 1
    rejected = {note.path.removeprefix("lyon/"): note.reason for note in report.rejected}
    assert sorted(rejected) == ["empty.csv", "other.csv", "page.csv", "short.csv", "zip.csv"]
    assert "units" in rejected["short.csv"]
    assert retailer.revenue() == {(2025, 1): "10.00"}
    kept = {path.name: path for path in (retailer.lakehouse / "rejected").rglob("*.csv")}
    assert kept["page.csv"].read_text() == page
    reason = kept["page.csv"].with_name("page.csv.reason.txt")
    assert reason.read_text().strip() == rejected["page.csv"]
    assert sorted(path.name for path in retailer.landing.rglob("*") if path.is_file()) == []


def test_p4_a_refused_file_that_is_put_back_is_judged_as_the_declaration_now_stands(
    retailer: Retailer,
) -> None:
    retailer.deliver_catalogue()
    file = retailer.deliver(
        "lyon/a.csv", "1|2025-01-01|Vase|1.00|1|1.00", header="id|day|item|price|units|total"
    )
    assert retailer.run().rejected
    [refused] = (retailer.lakehouse / "rejected").rglob("a.csv")
    refused.rename(file)
    retailer.declared["feeds"]["lyon"]["csv"] = {"delimiter": "|"}
    report = retailer.run()
    assert (report.rejected, report.outcome) == ([], "done")
    assert retailer.revenue() == {(2025, 1): "1.00"}


def test_p4_a_file_that_no_feed_claims_is_left_and_named(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    stray = retailer.deliver_text("lyon/notes.txt", "call Anne")
    assert retailer.run().unclaimed == ["lyon/notes.txt"]
    again = retailer.run()
    assert again.unclaimed == ["lyon/notes.txt"]
    assert again.is_nothing_new
    assert stray.exists()


def test_p4_a_file_that_two_feeds_claim_is_rejected_naming_both(retailer: Retailer) -> None:
    retailer.declared["feeds"]["boston"]["landing"] = "lyon/b*.csv"
    retailer.deliver_catalogue()
    retailer.deliver("lyon/both.csv", sale("1"))
    [rejected] = retailer.run().rejected
    assert "lyon and boston" in rejected.reason


def test_p4_temporary_files_and_links_are_left_and_named(retailer: Retailer) -> None:
    secret = retailer.folder / "secret.csv"
    secret.write_text("id,day,item,price,units,total\n" + sale("1"))
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv.part", sale("1"))
    retailer.deliver("lyon/.hidden.csv", sale("1"))
    (retailer.landing / "lyon/link.csv").symlink_to(secret)
    report = retailer.run()
    assert report.unready == ["lyon/.hidden.csv", "lyon/a.csv.part"]
    assert report.links == ["lyon/link.csv"]
    assert retailer.revenue() == {}


def test_p4_a_file_is_never_moved_over_another(retailer: Retailer) -> None:
    source = retailer.deliver("lyon/a.csv", sale("1"))
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    target = kept_path(retailer.folder / "archive", "lyon", digest, "a.csv")
    assert keep(source, target, digest)
    later = retailer.deliver("lyon/a.csv", sale("2"))
    assert keep(later, target, digest), "the bytes are in their place"
    assert later.exists(), "the other bytes are left"
    assert not keep(later, target.with_name("b.csv"), digest)


def test_p4_reset_puts_every_file_back(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    retailer.deliver_text("lyon/page.csv", "<html></html>")
    before = sorted(path.read_bytes() for path in retailer.landing.rglob("*") if path.is_file())
    retailer.run()
    done = retailer.reset()
    assert done.moved == ["catalogue/catalogue.csv", "lyon/a.csv", "lyon/page.csv"]
    after = sorted(path.read_bytes() for path in retailer.landing.rglob("*") if path.is_file())
    assert after == before
    assert retailer.states() == {}
    left = {path.name for path in retailer.lakehouse.iterdir()}
    assert left <= {"archive", "rejected", "run.lock"}


@pytest.mark.long
def test_p4_reset_keeps_what_was_superseded_in_the_archive(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    retailer.run()
    retailer.deliver("lyon/a.csv", sale("1", total="12.00"))
    retailer.run()
    done = retailer.reset()
    assert "12.00" in (retailer.landing / "lyon/a.csv").read_text()
    assert [path.name for path in done.kept] == ["a.csv"]
    assert done.kept[0].exists()


@pytest.mark.long
def test_p4_a_gzip_that_unpacks_too_far_is_rejected_and_the_others_go_on(
    retailer: Retailer,
) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    records = f"{sale('2')}\n".encode() * 2_600_000
    packed = gzip.compress(f"{HEADER}\n".encode() + records, 6, mtime=0)
    retailer.deliver_text("lyon/bomb.csv", packed)
    report = retailer.run()
    [rejected] = report.rejected
    assert "unpacks to more than 200 times as much" in rejected.reason
    assert retailer.revenue() == {(2025, 1): "10.00"}
    [kept] = (retailer.lakehouse / "rejected/lyon").rglob("bomb.csv")
    assert kept.read_bytes() == packed
    assert len(retailer.table("bronze.lyon")) == 1
