"""P4: no symbolic link in the landing folder is followed, wherever it stands; each is named."""

from __future__ import annotations

from pathlib import Path

from sales_pipeline.landing.archive import keep
from sales_pipeline.landing.discovery import sha256_of
from tests.retailer import HEADER, Retailer, sale


def outside(retailer: Retailer) -> Path:
    """A folder beside the landing folder, with a file that a feed would take."""
    folder = retailer.folder / "outside"
    folder.mkdir()
    (folder / "secret.csv").write_text(f"{HEADER}\n{sale('secret')}\n", encoding="utf-8")
    return folder


def test_p4_a_linked_folder_is_not_entered_at_any_depth(retailer: Retailer) -> None:
    folder = outside(retailer)
    retailer.declared["feeds"]["lyon"]["landing"] = "lyon/**/*.csv"
    retailer.deliver_catalogue()
    retailer.deliver("lyon/2025/a.csv", sale("1"))
    (retailer.landing / "boston").symlink_to(folder, target_is_directory=True)
    (retailer.landing / "lyon/2025/more").symlink_to(folder, target_is_directory=True)
    report = retailer.run()
    assert report.links == ["boston", "lyon/2025/more"]
    assert retailer.rows("silver.sales", "sale_id") == [("1",)]
    assert (folder / "secret.csv").exists()


def test_p4_links_in_a_loop_end_no_run(retailer: Retailer) -> None:
    retailer.declared["feeds"]["lyon"]["landing"] = "lyon/**/*.csv"
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"))
    (retailer.landing / "lyon/again").symlink_to(retailer.landing, target_is_directory=True)
    (retailer.landing / "lyon/one.csv").symlink_to(retailer.landing / "lyon/other.csv")
    (retailer.landing / "lyon/other.csv").symlink_to(retailer.landing / "lyon/one.csv")
    (retailer.landing / "lyon/gone.csv").symlink_to(retailer.folder / "gone.csv")
    report = retailer.run()
    assert report.exit_code == 0
    assert report.links == ["lyon/again", "lyon/gone.csv", "lyon/one.csv", "lyon/other.csv"]
    assert retailer.rows("silver.sales", "sale_id") == [("1",)]


def test_p4_links_to_devices_and_to_what_no_feed_claims_are_only_named(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    (retailer.landing / "lyon").mkdir()
    (retailer.landing / "lyon/endless.csv").symlink_to("/dev/zero")
    (retailer.landing / "passwd").symlink_to("/etc/passwd")
    report = retailer.run()
    assert report.links == ["passwd", "lyon/endless.csv"]
    assert report.unclaimed == []


def test_p4_a_file_that_a_link_took_the_place_of_is_not_moved(tmp_path: Path) -> None:
    secret, link = tmp_path / "secret.csv", tmp_path / "a.csv"
    secret.write_text("x", encoding="utf-8")
    link.symlink_to(secret)
    assert not keep(link, tmp_path / "archive/a.csv", sha256_of(secret) or "")
    assert link.is_symlink()
    assert not (tmp_path / "archive").exists()
