"""`check` and `plan` say what a run then does, with the text as delivered and what would read it.

Each file is one that nobody prepared for: what is named was tried on it.
"""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest

from sales_pipeline.landing.reader import read_batches
from sales_pipeline.operations.plan import plan
from sales_pipeline.report.first_records import understand
from sales_pipeline.silver import trial
from tests.cli.conftest import Call
from tests.cli.test_plan import written
from tests.retailer import HEADER, Retailer, sale

DECIMAL = (
    "csv.decimal: ',' reads it ('12,50' as 12.5); 3 that are read now would be read otherwise, or "
    "not at all"
)
GOOD = [sale(str(number)) for number in range(1, 4)]


def strict(retailer: Retailer, **feed: Any) -> Retailer:
    """Lets the feed reject a file with more than a fifth of unusable records."""
    lyon = retailer.declared["feeds"]["lyon"]
    del lyon["max_quarantined"]
    lyon.update(feed)
    retailer.deliver_catalogue()
    return retailer


def foreseen(retailer: Retailer, path: str = "lyon/a.csv") -> tuple[str, str, str]:
    """Foresees and runs: what becomes of a file, why, and all of what is unusable, as text.

    `check`, `plan` and `run` must say the same.
    """
    planned = {file.path: file for file in plan(retailer.declaration).files}[path]
    checked = {file.path: file for file in understand(retailer.declaration, source="").files}[path]
    assert (checked.becomes, checked.reason) == (planned.becomes, planned.reason)
    assert checked.unusable == planned.unusable
    report = retailer.run()
    states = {"rejected": report.rejected, "held": report.held_files}
    notes = [note.reason for note in states.get(planned.becomes, []) if note.path == path]
    assert notes == ([planned.reason] if planned.becomes in states else [])
    unusable = "\n".join(
        "; ".join([f"{each.reason} {each.records} {each.example}", *each.options])
        for each in planned.unusable
    )
    return planned.becomes, planned.reason or "", unusable


@pytest.mark.parametrize(
    ("totals", "option"),
    [
        (["12,50", "3,00"], "csv.decimal: ',' reads all 2 ('12,50' as 12.5)"),
        pytest.param(
            ["1.234,50", "3,00"],
            "csv.decimal: ',' and csv.thousands: '.' reads all 2",
            marks=pytest.mark.long,
        ),
        pytest.param(
            ["12.50 €", "CHF 3"],
            "csv.symbols: ['€', 'CHF'] reads all 2 ('12.50 €' as 12.5)",
            marks=pytest.mark.long,
        ),
        pytest.param(
            ["1.234567", "3.00001"],
            "rounding: half_up reads all 2 ('1.234567' as 1.2346)",
            marks=pytest.mark.long,
        ),
        pytest.param(
            ["5.00-", "6-"],
            'computed.amount.sql: "regexp_replace(amount_text, ',
            marks=pytest.mark.long,
        ),
        pytest.param(["(5.00)", "(6)"], "reads all 2 ('(5.00)' as -5)", marks=pytest.mark.long),
    ],
)
def test_the_option_that_reads_numbers_is_tried_on_the_file(
    retailer: Retailer, totals: list[str], option: str
) -> None:
    strict(retailer)
    quoted = (
        sale(f"9{total}"[:2] + str(place), total=f'"{total}"') for place, total in enumerate(totals)
    )
    retailer.deliver("lyon/a.csv", *GOOD, *quoted)
    becomes, reason, unusable = foreseen(retailer)
    assert becomes == "rejected"
    assert unusable.startswith(f"amount_unreadable 2 record 4: total {totals[0]!r}; ")
    assert option in unusable
    assert "2 of 5 records of feed lyon are unusable" in reason
    assert f"such as record 4: total {totals[0]!r}" in reason
    assert option in reason


@pytest.mark.long
def test_sql_that_is_named_reads_the_file_once_it_is_declared(retailer: Retailer) -> None:
    strict(retailer)
    retailer.deliver("lyon/a.csv", *GOOD, sale("4", total="5.00-"))
    becomes, _, unusable = foreseen(retailer)
    assert becomes == "rejected"
    sql = "regexp_replace(amount_text, '^([^-]+)-$', '-$1')"
    assert f"columns.amount_text: 'total' and computed.amount.sql: {sql!r}" in unusable
    assert "otherwise" not in unusable
    lyon = retailer.declared["feeds"]["lyon"]
    lyon["columns"]["amount_text"] = lyon["columns"].pop("amount")
    lyon["computed"] = {"amount": {"sql": sql}}
    assert retailer.run(rejudge=["lyon"]).exit_code == 0
    assert sum(amount for (amount,) in retailer.rows("silver.sales", "amount")) == 25


@pytest.mark.parametrize(
    ("days", "option"),
    [
        (["11-01-2025", "13-01-2025"], "date_formats: [yyyy-MM-dd, dd-MM-yyyy] reads all 2"),
        pytest.param(
            ["1/13/2025 9:05", "1/14/2025 10:00"],
            "date_formats: [yyyy-MM-dd, M/d/yyyy H:mm]",
            marks=pytest.mark.long,
        ),
        pytest.param(
            ["20250113", "20250114"],
            "date_formats: [yyyy-MM-dd, yyyyMMdd] reads all 2",
            marks=pytest.mark.long,
        ),
        pytest.param(
            ["13.01.2025", "2025/01/14"],
            "date_formats: [yyyy-MM-dd, dd.MM.yyyy, yyyy/MM/dd]",
            marks=pytest.mark.long,
        ),
        pytest.param(
            ["13/01/25", "14/01/25"],
            "and date_formats: [yyyy-MM-dd, dd/MM/yyyy] reads all 2",
            marks=pytest.mark.long,
        ),
        pytest.param(
            ["Jan 13 2025", "Feb 2 2025"],
            "and date_formats: [yyyy-MM-dd, M d yyyy] reads all 2",
            marks=pytest.mark.long,
        ),
        pytest.param(
            ["13-Jan-2025", "02-Sep-2025"],
            "and date_formats: [yyyy-MM-dd, d-M-yyyy] reads all 2",
            marks=pytest.mark.long,
        ),
        pytest.param(
            ["45670", "45671"], "reads all 2 ('45670' as 2025-01-13)", marks=pytest.mark.long
        ),
        pytest.param(
            ["2025-01-13T10:00:00Z", "2025-01-14T10:00:00Z"],
            "yyyy-MM-dd'T'HH:mm:ssXXX] reads all 2",
            marks=pytest.mark.long,
        ),
    ],
)
def test_the_date_pattern_that_reads_days_is_tried_on_the_file(
    retailer: Retailer, days: list[str], option: str
) -> None:
    strict(retailer)
    further = (sale(f"9{place}", day) for place, day in enumerate(days))
    retailer.deliver("lyon/a.csv", *GOOD, *further)
    becomes, reason, unusable = foreseen(retailer)
    assert becomes == "rejected"
    assert unusable.startswith(f"date_unreadable 2 record 4: day {days[0]!r}; ")
    assert option in unusable
    assert option in reason


@pytest.mark.long
def test_two_options_that_read_all_are_both_named_with_their_meanings(retailer: Retailer) -> None:
    strict(retailer)
    whole = [sale(str(number), total="10") for number in range(1, 4)]
    retailer.deliver("lyon/a.csv", *whole, sale("4", "03/04/2025", total='"1,234"'))
    _, _, unusable = foreseen(retailer)
    assert "dd/MM/yyyy] reads it ('03/04/2025' as 2025-04-03)" in unusable
    assert "MM/dd/yyyy] reads it ('03/04/2025' as 2025-03-04)" in unusable
    assert "csv.thousands: ',' reads it ('1,234' as 1234)" in unusable
    assert "csv.decimal: ',' reads it ('1,234' as 1.234)" in unusable


def test_what_no_option_reads_is_shown_as_delivered_and_no_option_is_guessed(
    retailer: Retailer,
) -> None:
    strict(retailer)
    retailer.deliver("lyon/a.csv", *GOOD, sale("", "soon", total="n/a"), sale("5", item="Boat"))
    becomes, reason, unusable = foreseen(retailer)
    assert becomes == "held" if "held" in reason else "rejected"
    assert unusable.splitlines() == [
        "amount_unreadable 1 record 4: total 'n/a'",
        "date_unreadable 1 record 4: day 'soon'",
        "key_missing 1 record 4: id is empty",
        "product_unknown 1 record 5: item 'Boat'",
    ]
    assert "1 of 5 records" not in reason


@pytest.mark.long
def test_malformed_records_name_the_encoding_quote_or_escape_that_reads_them(
    retailer: Retailer,
) -> None:
    strict(retailer)
    lines = [HEADER, *GOOD, sale("4", item="Thé vert"), sale("5", item="Café moulu")]
    retailer.deliver_text("lyon/a.csv", "\n".join(lines).encode("cp1252"))
    becomes, reason, unusable = foreseen(retailer)
    assert (becomes, "undecodable in 2" in reason) == ("rejected", True)
    option = "csv.encoding: 'cp1252' reads 2 of 2 (record 4 as '4 | 2025-01-15 | Thé vert"
    assert unusable.startswith("undecodable 2 record 4: ")
    assert option in unusable
    escaped = sale("7", item='"Vase \\"blue\\""')
    retailer.deliver("lyon/b.csv", *GOOD, sale("6"), escaped, header=HEADER)
    assert "csv.escape: '\\\\' reads 1 of 1" in foreseen(retailer, "lyon/b.csv")[2]


def test_a_file_of_semicolons_names_the_delimiter_that_was_tried(retailer: Retailer) -> None:
    strict(retailer)
    text = "\n".join([HEADER, *GOOD]).replace(",", ";")
    retailer.deliver_text("lyon/a.csv", text)
    becomes, reason, _ = foreseen(retailer)
    assert becomes == "rejected"
    assert "it would fit with csv.delimiter: ';'" in reason


def test_a_header_that_nobody_declared_is_split_by_the_delimiter_that_fits(
    retailer: Retailer,
) -> None:
    strict(retailer)
    retailer.deliver_text(
        "lyon/a.csv", "Nr;Datum;Ware;Preis;Menge;Summe\n1;2025-01-15;Vase;1;1;1\n"
    )
    becomes, reason, _ = foreseen(retailer)
    assert becomes == "rejected"
    assert "csv.delimiter: ';' splits it into 6 columns: 'Nr', 'Datum', 'Ware'" in reason


def test_a_renamed_column_is_named_with_the_header_whose_texts_it_would_read(
    retailer: Retailer,
) -> None:
    strict(retailer)
    retailer.deliver("lyon/a.csv", *GOOD, header="id,day,item,price,units,gross")
    becomes, reason, unusable = foreseen(retailer)
    assert becomes == "rejected"
    assert "the header lacks 'total' and has 'gross' instead" in reason
    assert unusable == (
        "missing_column 3 the header: no 'total'; columns.amount: 'gross' reads 3 records ('10.00')"
    )


@pytest.mark.long
def test_a_broken_rule_is_shown_with_the_columns_that_it_names(retailer: Retailer) -> None:
    rule = {"holds": "abs(amount - unit_price * quantity) <= 0.01"}
    strict(retailer, rules={"sum": rule})
    retailer.deliver("lyon/a.csv", *GOOD, sale("4", price="3.00", units="2", total="5.00"))
    becomes, reason, unusable = foreseen(retailer)
    assert becomes == "rejected"
    assert unusable == "rule:sum 1 record 4: total '5.00', price '3.00', units '2'"
    assert unusable.partition(" 1 ")[2] in reason


@pytest.mark.long
def test_a_rule_that_rejects_the_file_or_warns_is_foreseen_with_its_first_record(
    retailer: Retailer,
) -> None:
    dear = {"holds": "amount < 10000", "severity": "fail"}
    fair = {"holds": "amount / quantity < 1000", "severity": "warn"}
    strict(retailer, rules={"dear": dear, "fair": fair})
    retailer.declared["feeds"]["boston"]["rules"] = {"none": {**fair, "holds": "sold_on is null"}}
    dear_sales = [sale("4", total="20000"), sale("5", total="30000")]
    retailer.deliver("lyon/a.csv", *GOOD, *dear_sales, sale("6", units="0"))
    retailer.deliver("boston/a.csv", sale("1"))
    warnings = {each.sentence for each in understand(retailer.declaration, source="").warnings}
    becomes, reason, _ = foreseen(retailer)
    assert becomes == "rejected"
    assert reason == (
        "2 of 6 sales break the rule dear (amount < 10000), more than the 0% that its tolerance "
        "allows, so none was taken, such as record 4: total '20000'"
    )
    # Its SQL fails on a quantity of zero, which counts as broken.
    assert warnings == {
        f"{broken} such as {example}"
        for broken, example in (
            (
                "3 of 6 sales in lyon/a.csv break the rule fair (amount / quantity < 1000),",
                "record 4: total '20000', units '1'",
            ),
            (
                "1 of 1 sales in boston/a.csv break the rule none (sold_on is null),",
                "record 1: day '2025-01-15'",
            ),
        )
    }


@pytest.mark.long
def test_a_key_that_does_not_tell_sales_apart_is_foreseen(retailer: Retailer) -> None:
    strict(retailer)
    same = [sale("9", total=f"{place}.00") for place in range(1, 5)]
    retailer.deliver("lyon/a.csv", *GOOD, *same, sale("9", total="4.00"))
    becomes, reason, _ = foreseen(retailer)
    assert becomes == "held"
    assert reason.startswith("3 of its 8 records share their key")


@pytest.mark.long
def test_a_file_that_is_judged_in_parts_is_judged_as_a_whole(
    retailer: Retailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "_PART_ROWS", 100)
    dear = {"holds": "amount < 10000", "severity": "warn"}
    strict(retailer, max_quarantined="2%", max_repeated_keys="0%", rules={"dear": dear})
    # The reader gives the records of a block at once, and this file has several blocks.
    rows = [sale(f"{number:0>300}") for number in range(1, 9_000)]
    rows[7_000] = sale("7001", total="n/a")
    rows[8_000] = rows[8_500] = sale("8001", total="20000")
    rows[50], rows[8_900] = sale("9"), sale("9", total="12.00")
    retailer.deliver("lyon/a.csv", *rows)
    [planned] = [file for file in retailer.plan().files if file.feed == "lyon"]
    assert (planned.becomes, planned.records) == ("held", 8_999)
    assert str(planned.reason).startswith("1 of its 8,999 records share their key with another")
    [unusable] = planned.unusable
    assert unusable.example == "record 7001: total 'n/a'"
    checked = understand(retailer.declaration, source="")
    broken = "2 of 8,998 sales in lyon/a.csv break the rule dear (amount < 10000)"
    assert [each.sentence for each in checked.warnings] == [
        f"{broken}, such as record 8001: total '20000'"
    ]


@pytest.mark.long
def test_check_says_how_unique_a_key_is_and_which_column_would_make_it_so(
    retailer: Retailer, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    strict(retailer, exclude_when="sale_id = 'void'")
    header = f"{HEADER},line,till"
    order = [sale("9", item=item) for item in ("Vase", "Thé vert", "Café moulu")]
    retailer.deliver("lyon/a.csv", *GOOD, sale("void"), sale("void", total="7.00"))
    lines = [
        f"{line},{number},A" for number, line in enumerate([*order, *GOOD, sale("9", total="3.00")])
    ]
    retailer.deliver("lyon/b.csv", *lines, header=header)
    retailer.deliver("lyon/c.csv", sale("7"), sale("7"), sale("8"), sale("x", "soon"))
    retailer.deliver("lyon/d.csv", sale("7"), sale("7", total="1"), sale("7", total="2"))
    config = written(retailer)
    said = " ".join(call("check", "--config", config).out.split())
    assert "lyon: sale_id tells all sales apart in 1 file (3 records)" in said
    assert (
        "lyon: sale_id has 4 values in 7 records of lyon/b.csv; 3 sales would be displaced by "
        "another one; 'line' in the key would tell them apart"
    ) in said
    assert "has 2 values in 3 records of lyon/c.csv; records of one value are equal" in said
    assert "of lyon/d.csv; 2 sales would be displaced by another one; no other column" in said
    # The records of a file may come in parts; a key is counted over all of them.
    monkeypatch.setattr("sales_pipeline.silver.trial._PART_ROWS", 3)
    small = partial(read_batches, block_bytes=64)
    monkeypatch.setattr("sales_pipeline.silver.trial.read_batches", small)
    document = json.loads(call("check", "--config", config, "--json").out)
    assert document["keys"]["lyon"] == ["sale_id"]
    counts = {file["path"]: file["key"] for file in document["files"]}
    assert counts["lyon/b.csv"] == {"records": 7, "keys": 4, "differing": 3, "unique_with": None}
    assert counts["lyon/a.csv"] == {"records": 3, "keys": 3, "differing": 0, "unique_with": None}


def test_only_the_first_records_are_judged_on_request(retailer: Retailer, call: Call) -> None:
    strict(retailer)
    retailer.deliver("lyon/a.csv", *GOOD, sale("4", "soon"), sale("5", "soon"))
    config = written(retailer)
    assert call("plan", "--config", config).code == call("check", "--config", config).code == 1
    said = call("check", "--config", config, "--rows", "3")
    assert said.code == 0
    assert "Of each file of sales, 3 records at most were judged." in said.out
    assert call("plan", "--config", config, "--rows", "3").code == 0


@pytest.mark.long
def test_rates_that_would_be_rejected_or_held_are_foreseen(retailer: Retailer) -> None:
    strict(retailer)
    retailer.declared["rates"] = {"landing": "rates/*.csv"}
    days = [f"2025-01-{day:02},1.0{day},0.8" for day in range(1, 20)]
    retailer.deliver_text("rates/a.csv", "\n".join(["Date,USD,GBP", *days]))
    assert foreseen(retailer, "rates/a.csv")[0] == "new"
    retailer.deliver_text("rates/b.csv", "Date,USD,GBP\n2025-01-20,10.9,0.8\n")
    becomes, reason, _ = foreseen(retailer, "rates/b.csv")
    assert (becomes, "doubtful rate" in reason) == ("held", True)
    retailer.deliver_text("rates/c.csv", 'Date,USD,GBP\n2025-01-21,"1,09","0,8"\n21.01.2025,1,1\n')
    becomes, reason, unusable = foreseen(retailer, "rates/c.csv")
    assert (becomes, "2 of 2 records are unusable" in reason) == ("rejected", True)
    assert "rates.date_formats: [yyyy-MM-dd, dd.MM.yyyy] reads 1 of 1" in unusable
    assert "record 1: USD '1,09'; rates.csv.decimal: ',' reads 1 of 1" in unusable
    retailer.deliver_text("rates/d.csv", "Date,USD\n2025-01-22,1\n2025-01-22,2\n")
    assert foreseen(retailer, "rates/d.csv")[0] == "rejected"


def test_a_catalogue_that_would_be_rejected_is_foreseen(retailer: Retailer) -> None:
    strict(retailer)
    header = "produit,categorie,product,category\n"
    retailer.deliver_text("catalogue/x.csv", f"{header}Thé,A,Tea,A\nThé,A,Coffee,A\n")
    becomes, reason, _ = foreseen(retailer, "catalogue/x.csv")
    assert becomes == "rejected"
    assert reason.startswith("a name has two meanings: ")
    retailer.deliver_text("catalogue/y.csv", f"{header}Thé,A,,A\nLampe,A,Lamp,A\n")
    becomes, reason, unusable = foreseen(retailer, "catalogue/y.csv")
    assert (becomes, unusable) == ("rejected", "product_missing 1 record 1: product is empty")


@pytest.mark.long
def test_a_name_may_mean_two_products_where_products_are_looked_up_by_code(
    retailer: Retailer,
) -> None:
    strict(retailer, product_by="code")
    retailer.declared["feeds"]["boston"]["product_by"] = "code"
    retailer.declared["catalogue"]["code"] = "code"
    header = "code,produit,categorie,product,category\n"
    two = f"{header}1,Pizza,M,Pizza,M\n2,Pizza,L,Pizza,L\n3,Vase,H,Vase,H\n"
    (retailer.landing / "catalogue/catalogue.csv").write_text(two)
    retailer.deliver("lyon/a.csv", sale("1", item="1"), sale("2", item="2"))
    assert foreseen(retailer, "catalogue/catalogue.csv")[0] == "new"
    assert sorted(retailer.rows("silver.sales", "category")) == [("L",), ("M",)]
    # By its name it is no product, whichever came last.
    known = retailer.read(lambda lakehouse: lakehouse.rows("silver.products"))
    assert {row["source"] for row in known if row["language"] != "*"} == {"Vase"}


def test_a_name_that_comes_to_mean_two_products_is_known_no_more(retailer: Retailer) -> None:
    strict(retailer, product_by="code")
    retailer.declared["feeds"]["boston"]["product_by"] = "code"
    retailer.declared["catalogue"]["code"] = "code"
    header = "code,produit,categorie,product,category\n"
    first = f"{header}1,Pizza,M,Pizza,M\n3,Vase,H,Vase,H\n"
    (retailer.landing / "catalogue/catalogue.csv").write_text(first)
    retailer.deliver("lyon/a.csv", sale("1", item="1"))
    retailer.run()
    retailer.deliver_text("catalogue/more.csv", f"{header}1,Pizza,M,Pizza,M\n2,Pizza,L,Pizza,L\n")
    assert foreseen(retailer, "catalogue/more.csv")[0] == "new"
    known = retailer.read(lambda lakehouse: lakehouse.rows("silver.products"))
    assert {row["source"] for row in known if row["language"] != "*"} == {"Vase"}


def test_lines_that_are_kept_as_records_are_said_by_check(retailer: Retailer) -> None:
    strict(retailer, csv={"footer_lines": 1})
    retailer.deliver("lyon/a.csv", *GOOD)
    checked = understand(retailer.declaration, source="")
    sentences = {warning.sentence for warning in checked.warnings}
    assert any(sentence.startswith("lyon/a.csv: csv.skip_lines") for sentence in sentences)
    assert sentences <= {warning.sentence for warning in retailer.run().warnings}


def test_a_code_with_two_meanings_is_rejected_everywhere(retailer: Retailer) -> None:
    strict(retailer, product_by="code")
    retailer.declared["catalogue"]["code"] = "code"
    header = "code,produit,categorie,product,category\n"
    (retailer.landing / "catalogue/catalogue.csv").write_text(f"{header}1,A,,A,\n1,B,,B,\n")
    assert foreseen(retailer, "catalogue/catalogue.csv")[0] == "rejected"


@pytest.mark.long
def test_a_correction_whose_key_is_sql_is_foreseen_to_be_held(retailer: Retailer) -> None:
    strict(retailer, key=["number"], computed={"number": {"sql": "upper(sale_id)"}})
    retailer.deliver("lyon/a.csv", *(sale(f"n{number}") for number in range(1, 5)))
    retailer.run()
    retailer.deliver("lyon/a.csv", sale("N1"))
    becomes, reason, _ = foreseen(retailer)
    assert becomes == "held"
    assert "would remove 3 of the 4 records" in reason


@pytest.mark.long
def test_a_changed_declaration_that_would_reject_what_counts_is_foreseen(
    retailer: Retailer,
) -> None:
    strict(retailer)
    retailer.deliver("lyon/a.csv", *GOOD)
    retailer.run()
    retailer.declared["feeds"]["lyon"]["date_formats"] = ["dd/MM/yyyy"]
    [file] = plan(retailer.declaration, rejudge=["lyon"]).rejudged[-1:]
    assert file.becomes == "held"
    report = retailer.run(rejudge=["lyon"])
    assert [note.reason for note in report.held_files] == [file.reason]


def test_what_is_unusable_is_in_the_json_of_check_and_plan(retailer: Retailer, call: Call) -> None:
    strict(retailer)
    retailer.deliver("lyon/a.csv", *GOOD, sale("4", total='"12,50"'))
    for command in ("check", "plan"):
        document = json.loads(call(command, "--config", written(retailer), "--json").out)
        assert document["files"][-1]["unusable"] == [
            {
                "reason": "amount_unreadable",
                "records": 1,
                "example": "record 4: total '12,50'",
                "options": [DECIMAL],
            }
        ]


@pytest.mark.long
def test_what_is_never_stored_is_shown_nowhere(retailer: Retailer, call: Call) -> None:
    strict(retailer, never_store=["born"])
    header = "id,day,item,price,units,total,birthday"
    retailer.deliver("lyon/a.csv", "1,2025-01-15,Vase,1,1,1,1977-07-07", header=header)
    lines = ["1;1977-07-07", '2,"1977-07-07" x,Vase,1,1,1,1977-07-07']
    retailer.deliver("lyon/b.csv", *lines, header=f"{HEADER},born")
    header = header.replace("day,item", "on,item")
    retailer.deliver("lyon/c.csv", "1,2025-01-15,Vase,1,1,1,1977-07-07", header=header)
    for command in ("check", "plan", "run"):
        said = call(command, "--config", written(retailer))
        assert said.code == 1
        assert "1977" not in said.out + said.err
