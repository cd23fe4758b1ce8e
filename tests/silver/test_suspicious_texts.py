"""Texts that are read, but may mean something else, are told in `check` and in a run."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from sales_pipeline.lakehouse.lakehouse import Lakehouse
from sales_pipeline.lakehouse.ledger import Ledger
from sales_pipeline.operations.quarantine_export import Filters
from sales_pipeline.report.check import check_document
from sales_pipeline.report.first_records import understand
from sales_pipeline.report.quarantine import waiting_document, waiting_files
from sales_pipeline.report.quarantined_records import Reason, quarantined_records
from sales_pipeline.report.run import run_document
from sales_pipeline.silver.validation.reasons import sentence_of
from tests.retailer import Retailer, sale

STORES = {
    "P": {"id": "paris", "name": "Paris", "city": "Paris", "country": "FR"},
    "T": {"id": "tokyo", "name": "Tokyo", "city": "Tokyo", "country": "JP", "currency": "JPY"},
}


def declare(retailer: Retailer, **options: Any) -> None:
    """Declares some options of the feed `lyon`; None takes one away."""
    feed = retailer.declared["feeds"]["lyon"]
    feed.update(options)
    for name in [name for name, value in options.items() if value is None]:
        del feed[name]


def told(retailer: Retailer) -> list[str]:
    """The warnings of `check`, which are those of a run, which is made then."""
    checked = check_document(understand(retailer.declaration, source="config.yaml", rows=1_000))
    warnings: list[dict[str, str]] = run_document(retailer.run())["warnings"]
    assert checked["warnings"] == warnings
    return [warning["sentence"] for warning in warnings]


def _sell(retailer: Retailer, *totals: str, **options: Any) -> list[str]:
    """The warnings where the feed `lyon`, with semicolons, delivers some amounts."""
    marks = options.pop("csv", {})
    declare(retailer, csv={"delimiter": ";", **marks}, **options)
    retailer.deliver_catalogue()
    sales = [f"{place};2025-01-15;Vase;;1;{total}" for place, total in enumerate(totals, start=1)]
    retailer.deliver("lyon/a.csv", *sales, header="id;day;item;price;units;total")
    return told(retailer)


@pytest.mark.long
def test_yen_with_three_decimals_are_told_as_thousands(retailer: Retailer) -> None:
    [sentence] = _sell(retailer, "5,280", "12,800", "980", currency="JPY", csv={"decimal": ","})
    assert sentence == (
        "2 records have an amount with more decimals than JPY has (none), such as '5,280' in "
        "record 1 of lyon/a.csv; the mark in it is most likely one between thousands: "
        'csv: {thousands: ",", decimal: "."} reads 5280'
    )


def test_whole_thousands_are_told_too(retailer: Retailer) -> None:
    [sentence] = _sell(retailer, "50.000", "120.000", currency="JPY")
    assert sentence.startswith("2 records have an amount with more decimals than JPY has")
    assert sentence.endswith('csv: {thousands: ".", decimal: ","} reads 50000')


@pytest.mark.long
@pytest.mark.parametrize(
    ("currency", "totals", "warnings"),
    [
        ("JPY", ["5280", "980.00", "-12.0", "1500.000"], 0),
        ("JPY", ["5280.5"], 1),
        ("EUR", ["5.28", "980", "1.500", "12.0000", "?"], 0),
        ("EUR", ["5.281"], 1),
        ("KWD", ["5.281", "0.5000"], 0),
        ("KWD", ["5.2815"], 1),
        ("CLF", ["5.2815"], 0),
        ("EUR", ["99999999999999.9999"], 1),
        ("JPY", ["-99999999999999.9999"], 1),
        ("KWD", ["99999999999999.999"], 0),
    ],
)
def test_each_currency_has_its_own_decimals(
    retailer: Retailer, currency: str, totals: list[str], warnings: int
) -> None:
    retailer.declared["rates"]["fixed"] |= {"KWD": "3", "CLF": "36"}
    assert len(_sell(retailer, *totals, currency=currency)) == warnings


@pytest.mark.long
def test_more_decimals_of_several_kinds_are_no_thousands(retailer: Retailer) -> None:
    [sentence] = _sell(retailer, "5.281", "7.1234", "8.5", currency="EUR")
    assert sentence == (
        "2 records have an amount with more decimals than EUR has (2 decimals), such as '5.281' "
        "in record 1 of lyon/a.csv"
    )


@pytest.mark.long
def test_the_price_counts_where_no_amount_is_delivered(retailer: Retailer) -> None:
    columns = retailer.declared["feeds"]["lyon"]["columns"]
    declare(retailer, columns={name: at for name, at in columns.items() if name != "amount"})
    retailer.deliver_catalogue()
    # 0.347 kg at 1.99 EUR are 0.6905 EUR, which nobody delivered.
    retailer.deliver("lyon/a.csv", sale("1", price="1.99", units="0.347"))
    assert told(retailer) == []
    retailer.deliver("lyon/b.csv", sale("2", price="1.9999"), sale("3", price="2"))
    [sentence] = told(retailer)
    assert sentence.startswith("1 record has a unit_price with more decimals than EUR has (2 decim")


def test_nobody_delivered_what_is_computed(retailer: Retailer) -> None:
    columns = retailer.declared["feeds"]["lyon"]["columns"]
    declare(
        retailer,
        columns={name: at for name, at in columns.items() if name != "amount"},
        computed={"amount": {"sql": "TRY_CAST(unit_price AS DECIMAL(18,4)) * 1.1255"}},
    )
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1", price="1.99"))
    assert told(retailer) == []


@pytest.mark.long
def test_the_currency_is_that_of_the_record_or_its_store(retailer: Retailer) -> None:
    columns = {**retailer.declared["feeds"]["lyon"]["columns"], "store": "shop"}
    declare(retailer, columns=columns, stores=STORES, store=None)
    retailer.deliver_catalogue()
    sales = [f"{sale('1', total='5.28')},P", f"{sale('2', total='5.280')},T"]
    sales += [f"{sale('3', total='9')},T", f"{sale('4', total='7.280')},T"]
    retailer.deliver("lyon/a.csv", *sales, header="id,day,item,price,units,total,shop")
    retailer.deliver(
        "lyon/b.csv", f"{sale('5', total='1.000')},T", header="id,day,item,price,units,total,shop"
    )
    [sentence] = told(retailer)
    assert "3 records have an amount with more decimals than JPY has (none)" in sentence
    assert (
        "'5.280' in record 2 of lyon/a.csv and 1 more of its files; the mark in it is" in sentence
    )


def test_a_declared_rule_refuses_what_is_finer_than_the_currency(retailer: Retailer) -> None:
    rules = {"whole_yen": {"holds": "amount = round(amount, 0)"}}
    assert len(_sell(retailer, "5.5", "6", currency="JPY", rules=rules)) == 1
    assert retailer.rows("silver.quarantine", "_row", "reasons") == [(1, ["rule:whole_yen"])]


def test_list_prices_are_told_too(retailer: Retailer) -> None:
    price = {"amount": "price", "currency": "JPY", "valid_from": "since",
             "date_formats": ["yyyy-MM-dd"]}  # fmt: skip
    retailer.declared["catalogue"]["price"] = price
    lines = ["Vase,Maison,Vase,Home,5.280,2025-01-01", "Lampe,Maison,Lamp,Home,980,",
             "Table,Maison,Table,Home,12.000,"]  # fmt: skip
    header = "produit,categorie,product,category,price,since"
    retailer.deliver_catalogue("\n".join([header, *lines]))
    [sentence] = told(retailer)
    assert sentence == (
        "2 records have a list price with more decimals than JPY has (none), such as '5.280' in "
        "record 1 of catalogue/catalogue.csv; the mark in it is most likely one between thousands: "
        'csv: {thousands: ".", decimal: ","} reads 5280'
    )


def _days(retailer: Retailer, *days: str, patterns: list[str]) -> list[str]:
    """The warnings where the feed `lyon` delivers sales of some days."""
    declare(retailer, date_formats=patterns)
    retailer.deliver_catalogue()
    sales = [sale(str(place), day) for place, day in enumerate(days, start=1)]
    retailer.deliver("lyon/a.csv", *sales)
    return told(retailer)


def _american_winter(early: str, late: str) -> list[str]:
    """The days from January to March 2025, up to the twelfth in one format, the others in another.

    A format says where month and day are: `{0:02d}` is the month.
    """
    return [
        (early if day <= 12 else late).format(month, day)
        for month in (1, 2, 3)
        for day in range(1, 29)
    ]


def test_months_first_that_a_spreadsheet_took_for_days_first(retailer: Retailer) -> None:
    days = _american_winter("{0:02d}-{1:02d}-2025", "{0}/{1}/2025")
    [sentence] = _days(retailer, *days, patterns=["dd-MM-yyyy", "M/d/yyyy"])
    assert sentence == (
        "36 records in lyon/a.csv with a date in the format dd-MM-yyyy, none of a day above 12, "
        "such as '01-02-2025', read as 2025-02-01; they lie in 12 months, and with day and month "
        "the other way round in 3, so these may be mixed up: 12 months depend on it, 2025-01, "
        "2025-02, 2025-03, 2025-04, 2025-05 and 7 more"
    )


@pytest.mark.long
@pytest.mark.parametrize(
    ("early", "late", "patterns"),
    [
        ("2025-{1:02d}-{0:02d}", "{1}.{0}.2025", ["d.M.yyyy", "yyyy-MM-dd"]),
        ("{1:02d}/{0:02d}/2025", "{1}.{0}.2025", ["MM/dd/yyyy", "d.M.yyyy"]),
        ("2025-{1:02d}-{0:02d}", "{0}/{1}/2025", ["yyyy-MM-dd", "M/d/yyyy"]),
    ],
)
def test_other_formats_are_mixed_up_alike(
    retailer: Retailer, early: str, late: str, patterns: list[str]
) -> None:
    [sentence] = _days(retailer, *_american_winter(early, late), patterns=patterns)
    assert "they lie in 12 months, and with day and month the other way round in 3" in sentence


@pytest.mark.parametrize(
    ("pattern", "day"), [("yyyy-MM-dd", "2025-12-5"), ("dd/MM/yyyy", "5/1/2025")]
)
def test_a_date_that_only_lacks_a_zero_is_not_said_to_be_swapped(
    retailer: Retailer, pattern: str, day: str
) -> None:
    assert _days(retailer, day, patterns=[pattern]) == []
    assert retailer.rows("silver.quarantine", "_row", "reasons") == [(1, ["date_unreadable"])]


def test_a_date_without_zeros_may_be_swapped_where_another_of_its_file_is(
    retailer: Retailer,
) -> None:
    [sentence] = _days(retailer, "1/2/2025", "1/13/2025", patterns=["dd/MM/yyyy"])
    assert sentence == (
        "2 records with a date that cannot be read, but could be with day and month the other way "
        "round (M/d/yyyy), such as '1/13/2025' in lyon/a.csv"
    )


def test_dates_that_a_swapped_format_reads_cast_doubt_on_the_others(retailer: Retailer) -> None:
    days = [f"01/{day:02d}/2025" for day in range(1, 32)]
    [sentence] = _days(retailer, *days, "?", patterns=["dd/MM/yyyy"])
    assert sentence.startswith(
        "19 records with a date that cannot be read, but could be with day and month the other way "
        "round (MM/dd/yyyy), such as '01/13/2025' in lyon/a.csv; 11 records beside them may be "
        "mixed up too, such as '01/02/2025', read as 2025-02-01: 12 months depend on it, 2025-01,"
    )


def test_one_such_date_among_ordinary_ones_is_told_alone(retailer: Retailer) -> None:
    days = [f"2025-01-{day:02d}" for day in range(1, 32)]
    [sentence] = _days(retailer, *days, "2025-13-02", patterns=["yyyy-MM-dd"])
    assert sentence == (
        "1 record with a date that cannot be read, but could be with day and month the other way "
        "round (yyyy-dd-MM), such as '2025-13-02' in lyon/a.csv"
    )


def test_one_file_of_days_up_to_the_twelfth_in_every_month_is_told(retailer: Retailer) -> None:
    days = [f"2025-{day:02d}-{month:02d}" for month in (11, 12) for day in range(1, 13)]
    [sentence] = _days(retailer, *days, patterns=["yyyy-MM-dd"])
    assert sentence.startswith(
        "24 records in lyon/a.csv with a date in the format yyyy-MM-dd, none"
    )


@pytest.mark.long
@pytest.mark.parametrize(
    ("days", "patterns"),
    [
        # The first days of a month.
        ([f"{day:02d}/03/2025" for day in range(1, 13)], ["dd/MM/yyyy"]),
        # A till whose software writes days in another way from the tenth on.
        (
            [f"{day:02d}-01-2025" for day in range(1, 10)]
            + [f"1/{day}/2025" for day in range(10, 32)],
            ["dd-MM-yyyy", "M/d/yyyy"],
        ),
        # Sums of a month, dated on its first day, and those of two days a month.
        ([f"01/{month:02d}/2025" for month in range(1, 13)], ["dd/MM/yyyy"]),
        ([f"{day:02d}/{month:02d}/2025" for day in (5, 10) for month in range(1, 13)],
         ["dd/MM/yyyy"]),
        # Entries on the first of a month beside the sales of its days.
        ([f"2025-{month:02d}-01" for month in range(1, 4)]
         + [f"{day:02d}/{month:02d}/2025" for month in (1, 2, 3) for day in range(1, 29)],
         ["yyyy-MM-dd", "dd/MM/yyyy"]),
        # Few sales, and a day that is none either way.
        (["05/03/2025", "05/04/2025", "06/05/2025", "31/31/2025"], ["dd/MM/yyyy"]),
        # A whole year.
        ([f"2025-{month:02d}-{day:02d}" for month in range(1, 13) for day in range(1, 29)],
         ["yyyy-MM-dd"]),
    ],
)  # fmt: skip
def test_ordinary_days_are_not_doubted(
    retailer: Retailer, days: list[str], patterns: list[str]
) -> None:
    assert _days(retailer, *days, patterns=patterns) == []


TODAY = datetime.now(UTC).date()
"""The day on which the files of these tests are delivered; at midnight one may be a day late."""


def _delivered(retailer: Retailer, on: date) -> None:
    """Puts into the ledger that everything was delivered on a day."""
    noon = datetime.combine(on, time(12), UTC)

    def put(lakehouse: Lakehouse) -> None:
        ledger = Ledger(lakehouse)
        ledger.record([replace(delivery, claimed_at=noon) for delivery in ledger])

    retailer.read(put)


def test_sales_of_the_future_are_told_with_their_money(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    christmas = str(TODAY + timedelta(days=30))
    retailer.deliver(
        "lyon/a.csv", sale("1"), sale("2", christmas, total="7.5"), sale("3", christmas)
    )
    retailer.deliver("lyon/b.csv", sale("4", str(TODAY + timedelta(days=400)), total="0.5"))
    retailer.deliver("boston/a.csv", sale("5", str(TODAY + timedelta(days=1))))
    [sentence] = told(retailer)
    assert sentence == (
        f"3 sales (18.00 EUR) are dated after the day of delivery, such as {christmas} in record 2 "
        f"of lyon/a.csv, delivered on {TODAY} and 1 more of its files. Do: declare days_ahead for "
        "orders ahead, or latest: delivery to quarantine such sales"
    )
    assert len(retailer.table("silver.sales")) == 5


def test_only_sales_that_count_are_told(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    later, never = str(TODAY + timedelta(days=9)), "2150-01-01"
    header = "id,day,item,price,units,total"
    lines = [sale("1", later, "Nowhere known"), sale("2", never), sale("3")]
    retailer.deliver("lyon/a.csv", *lines, header=header)
    assert told(retailer) == []


@pytest.mark.long
def test_orders_ahead_are_declared(retailer: Retailer) -> None:
    declare(retailer, days_ahead=60)
    retailer.deliver_catalogue()
    days = [TODAY + timedelta(days=60), TODAY + timedelta(days=62)]
    retailer.deliver("lyon/a.csv", sale("1", str(days[0])))
    assert told(retailer) == []
    retailer.deliver("lyon/b.csv", sale("2", str(days[1])))
    [sentence] = told(retailer)
    assert sentence.startswith(
        f"1 sale (10.00 EUR) is dated after the day of delivery, such as {days[1]}"
    )


@pytest.mark.long
def test_latest_delivery_quarantines_sales_of_the_future(retailer: Retailer) -> None:
    declare(retailer, latest="delivery", days_ahead=0, earliest="2020-01-01")
    retailer.deliver_catalogue()
    days = ["2019-12-31", "2020-01-01", TODAY, TODAY + timedelta(days=2), "?"]
    retailer.deliver("lyon/a.csv", *(sale(f"{at}", f"{day}") for at, day in enumerate(days)))
    checked = understand(retailer.declaration, source="config.yaml", rows=9).files
    reasons = [record.reasons for file in checked for record in file.records]
    assert reasons == [
        ("date_out_of_range",),
        (),
        (),
        ("sold_after_delivery",),
        ("date_unreadable",),
    ]
    assert told(retailer) == []
    assert retailer.rows("silver.quarantine", "_row", "reasons") == [
        (1, ["date_out_of_range"]), (4, ["sold_after_delivery"]), (5, ["date_unreadable"]),
    ]  # fmt: skip


@pytest.mark.long
def test_p3_a_rebuild_takes_the_day_of_the_delivery_from_the_ledger(retailer: Retailer) -> None:
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1", "2025-01-11"), sale("2", "2025-01-12"))
    assert told(retailer) == []
    _delivered(retailer, date(2025, 1, 10))
    [warning] = retailer.rebuild().warnings
    assert "1 sale (10.00 EUR) is dated after the day of delivery" in warning.sentence
    assert "2025-01-12 in record 2 of lyon/a.csv, delivered on 2025-01-10" in warning.sentence
    declare(retailer, latest="delivery")
    retailer.run(rejudge=["lyon"])
    assert retailer.rows("silver.quarantine", "reasons") == [(["sold_after_delivery"],)]
    before = retailer.state()
    assert retailer.rebuild().warnings == []
    assert retailer.state() == before


@pytest.mark.long
def test_the_day_of_the_delivery_is_that_of_each_file(retailer: Retailer) -> None:
    declare(retailer, latest="delivery")
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1", "2025-01-15"))
    retailer.run()
    _delivered(retailer, date(2025, 1, 10))
    retailer.deliver("lyon/b.csv", sale("2", "2025-01-15"))
    retailer.run()
    retailer.rebuild()
    assert retailer.rows("silver.sales", "sale_id") == [("2",)]


@pytest.mark.long
def test_days_that_are_only_swapped_into_the_future_are_told_so(retailer: Retailer) -> None:
    declare(retailer, date_formats=["dd/MM/yyyy"])
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1", "01/05/2025"), sale("2", "01/05/2025"))
    retailer.run()
    _delivered(retailer, date(2025, 1, 6))
    [warning] = retailer.rebuild().warnings
    assert (
        "2 sales (20.00 EUR) are dated after the day of delivery, such as 2025-05-01"
        in warning.sentence
    )
    assert (
        "on 2025-01-06; with day and month the other way round none were. Do: " in warning.sentence
    )


def test_a_day_out_of_range_is_explained_by_what_is_declared(retailer: Retailer) -> None:
    declare(retailer, earliest="2020-01-01", latest="2025-12-31")
    retailer.deliver_catalogue()
    retailer.deliver("lyon/a.csv", sale("1"), sale("2", "2026-01-01"))
    retailer.run()
    means = "The date lies before 2020-01-01 (earliest) or after 2025-12-31 (latest)."
    waiting = waiting_document(waiting_files(retailer.declaration, Filters()))
    assert waiting["by_file"][0]["meaning"] == means
    records = quarantined_records(retailer.declaration, Filters(), limit=9).records
    assert records[0].reasons == (Reason("date_out_of_range", means),)
    feed = retailer.declaration.feeds["lyon"].model_copy(update={"latest": "delivery"})
    assert sentence_of("date_out_of_range", feed).endswith("lies before 2020-01-01 (earliest).")


@pytest.mark.long
def test_the_greatest_amounts_are_told_where_the_record_states_the_currency(
    retailer: Retailer,
) -> None:
    columns = {**retailer.declared["feeds"]["lyon"]["columns"], "currency": "money"}
    declare(retailer, columns=columns)
    retailer.deliver_catalogue()
    sales = [
        sale(str(place), total="99999999999999.9999") + f",{currency}"
        for place, currency in enumerate(["EUR", "JPY", "XXX", ""])
    ]
    retailer.deliver("lyon/a.csv", *sales, header="id,day,item,price,units,total,money")
    assert [sentence.partition(" has (")[0] for sentence in told(retailer)] == [
        "2 records have an amount with more decimals than EUR",
        "1 record has an amount with more decimals than JPY",
    ]
