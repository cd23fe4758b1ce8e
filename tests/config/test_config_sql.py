"""Declared SQL is parsed before any engine: what is refused, and what an expression names."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sales_pipeline.config.loader import declaration_from
from sales_pipeline.config.sql.calls import WITH_SYNTAX, known_names
from sales_pipeline.config.sql.expressions import parse_condition, parse_expression
from sales_pipeline.config.sql.functions import REFUSED, functions
from sales_pipeline.config.sql.kinds import SALE_KINDS, TEXT
from sales_pipeline.config.sql.parsing import MAX_DEPTH, MAX_LENGTH, ExpressionRefused, parse
from sales_pipeline.config.sql.special_functions import SPECIAL_FUNCTIONS
from sales_pipeline.errors import DeclarationError

COLUMNS = dict.fromkeys(["sale_id", "day", "Label", "status", "quantity"], TEXT)


def refusal(sql: str, columns: dict[str, Any] = COLUMNS) -> str:
    with pytest.raises(ExpressionRefused) as caught:
        parse_expression(sql, columns)
    return str(caught.value)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("max(day) OVER (PARTITION BY sale_id)", "max() OVER (character 1) looks at other records"),
        ("row_number() over (order by day)", "row_number() OVER (character 1) looks at other"),
        ("lag(day)", "lag() (character 1) looks at other records"),
        ("upper(first(day) ignore nulls)", "first() (character 7) looks at other records"),
        ("count(*)", "count() (character 1) looks at other records"),
        ("count(distinct day)", "count() (character 1) looks at other records"),
        ("sum(day) filter (where day = 'x')", "sum() (character 1) looks at other records"),
        ("percentile(day, 0.5)", "percentile() (character 1) looks at other records"),
        ("rand()", "rand() (character 1) is not the same twice"),
        ("coalesce(day, cast(uuid() as string))", "uuid() (character 20) is not the same twice"),
        ("case when day = 'x' then RandN() end", "RandN() (character 26) is not the same twice"),
        ("transform(split(day, ','), x -> uuid())", "uuid() (character 33) is not the same twice"),
        ("shuffle(split(day, ','))", "shuffle() (character 1) is not the same twice"),
        ("day > current_date", "current_date() (character 7) is not the same twice"),
        ("day > current_date()", "current_date() (character 7) is not the same twice"),
        ("now()", "now() (character 1) is not the same twice"),
        ("day\n > localtimestamp()", "localtimestamp() (line 2, character 4) is not the same"),
        ("monotonically_increasing_id()", "is not the same twice"),
        ("spark_partition_id()", "is not the same twice"),
        ("input_file_name()", "depends on where and by whom it is run"),
        ("current_user", "current_user() (character 1) depends on where and by whom"),
        ("current_timezone()", "depends on where and by whom it is run"),
        ("version()", "depends on where and by whom it is run"),
        (f"round(quantity, {'0' * 5000}1)", "a number of more than 38 digits; write fewer"),
        (f"split_part(day, 'x', {'0' * 5000}1)", "a number of more than 38 digits; write fewer"),
        (f"date_add(day, {'1' * 5000})", "a number of more than 38 digits; write fewer"),
        (f"cast(day as decimal({'1' * 5000}, 2))", "the type DECIMAL; write STRING, INT"),
        (f"cast(day as decimal(5, {'0' * 5000}))", "the type DECIMAL; write STRING, INT"),
        ("explode(split(day, ','))", "explode() (character 1) makes several records of one"),
        ("posexplode(split(day, ','))", "makes several records of one"),
        ("inline(array(day))", "makes several records of one"),
        ("stack(2, day, day)", "makes several records of one"),
        ("java_method('java.lang.System', 'exit')", "runs code or reads data outside the record"),
        ("reflect('a', 'b')", "runs code or reads data outside the record"),
        ("raise_error(day)", "runs code or reads data outside the record"),
        ("repeat(day, 1000000000)", "can grow beyond any memory"),
        ("(select max(day) from bronze.sales)", "a query (character 2) looks at other tables"),
        ("day in (select day from t)", "a query (character 9) looks at other tables"),
        ("exists (select 1)", "a query (character 9) looks at other tables"),
        ("select day", "a query (character 1) looks at other tables"),
        ("with t as (select 1) select 2", "looks at other tables"),
        ("values (1)", "looks at other tables"),
        ("t.day", "t.day (character 1) names a table"),
        ("lwer(day)", "no function lwer (character 1). Did you mean 'lower'?"),
        ("int(day)", "the type int (character 1) called as a function; write CAST(… AS INT)"),
        ("statsu = 'x'", "no column statsu (character 1). Did you mean 'status'?"),
        ("`a;b`", "no column a;b"),
        ("day\u200b", "no column"),
        ("\N{FULLWIDTH LATIN SMALL LETTER D}ay = 'x'", "no column"),
        ("day = 'x'; day", "more than one expression"),
        ("day = 'x'; drop table silver.records", "more than one expression"),
        ("drop table silver.records", "no part of an expression here"),
        ("delete from silver.records", "no part of an expression here"),
        ("day, status", "no SQL near ',' (character 4)"),
        ("day as d", "a name after an expression (AS) is no part"),
        ("day status", "a name after an expression (AS) is no part"),
        ("*", "* is no part of an expression here"),
        ("day = = 'x'", "no SQL near '=' (character 7)"),
        ("((day)", "no SQL near ')'"),
        ("day = 'x", "close every quote and comment"),
        ("-- nothing", "no expression"),
        (" ", "no expression"),
        (":day", "a parameter is no part"),
        ("?", "a parameter is no part"),
        ("interval 1 day", "write date_add(…, 1)"),
        ("quantity + 1", "text beside +, which takes numbers; make it one, such as TRY_CAST"),
        ("day and status", "text beside AND, which takes conditions"),
        ("abs(quantity)", "text beside abs, which takes numbers"),
        ("quantity > 'x' or quantity > 5 or 'x' > 5", "the text 'x' is compared with a number"),
        ("coalesce(day, 1)", "coalesce mixes text and a whole number (character 1); CAST"),
        ("day[0]", "an element of text; take one of a list"),
        ("upper(day, day)", "upper with 2 arguments, and it takes 1 (character 1)"),
        ("day rlike status", "RLIKE with a pattern that is no constant"),
        ("regexp_replace(day, status, '')", "a changing value where regexp_replace takes a const"),
        ("regexp_extract(day, '[0-9]+', 1)", "asks for group 1 of a pattern with 0"),
        ("to_date(day, 'nonsense')", "to_date does not take 'nonsense'"),
        ("lpad(day, 2000000000, '0')", "write a whole number from 0 to 10000"),
        ("split_part(day, '/', 0)", "write a whole number that is not 0"),
        ("element_at(split(day, '/'), 0)", "element_at counts from 1, got 0"),
        ("transform(split(day, ','), x -> cast(x as int))", "an operation in a lambda that can"),
        ("filter(split(day, ','), `rand()` -> true)", "a lambda of one variable"),
        ("next_day(to_date(day), 'mon'' or 1=1')", "two texts beside each other"),
        ("cast(day as array<int>)", "the type ARRAY; write STRING, INT, BIGINT"),
        ("array('a', day)[1]", "array(…)[…] is no part of an expression here"),
        ("extract(dow from day)", "write one of YEAR, QUARTER, MONTH"),
        ("day like 'x' escape '!'", "LIKE … ESCAPE is no part"),
        ("day between symmetric 'x' and 'a'", "; write "),
        ("'it''s'", "two texts beside each other"),
    ],
)  # fmt: skip
def test_sql_that_is_no_expression_of_one_record_is_refused(sql: str, expected: str) -> None:
    assert expected in refusal(sql)


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_refused_function_is_named_wherever_it_stands(name: str) -> None:
    hidden = f"status = 'x' or (case when not (sale_id <=> {name}(day)) then 1 end) = 1"
    assert f"{name}() (character " in refusal(hidden)


def test_no_function_is_both_allowed_and_refused() -> None:
    assert not {*known_names()} & {*REFUSED}
    assert len(known_names()) == len(functions()) + len(SPECIAL_FUNCTIONS) + len(WITH_SYNTAX)


@pytest.mark.parametrize(
    ("sql", "columns", "kind"),
    [
        ("day", ("day",), "text"),
        ("DAY || label /* and rand() */ -- uuid()", ("day", "Label"), "text"),
        ("status = 'rand()' and `Status` <> \"current_date\"", ("status",), "boolean"),
        ("status in ('\N{LATIN SMALL LETTER E WITH ACUTE}', '\u65e5\u672c', null)", ("status",),
         "boolean"),
        ("split(label, '/')[1]", ("Label",), "text"),
        ("concat('K-', nullif(sale_id, ''))", ("sale_id",), "text"),
        ("try_cast(quantity AS DECIMAL(16,0)) * 0.01", ("quantity",), "decimal"),
        ("transform(split(label, ','), x -> upper(x))", ("Label",), "list"),
        ("exists(split(label, ','), x -> x = status)", ("Label", "status"), "boolean"),
        ("if(day is not null, 1, 2.5)", ("day",), "decimal"),
        ("to_date(day, 'dd/MM/yyyy') >= '2025-01-01'", ("day",), "boolean"),
        ("1", (), "integer"),
        ("null", (), "null"),
    ],
)  # fmt: skip
def test_an_expression_names_its_columns_as_they_are_declared(
    sql: str, columns: tuple[str, ...], kind: str
) -> None:
    expression = parse_expression(sql, COLUMNS)
    assert (expression.columns, expression.kind.name) == (columns, kind)


def test_text_constants_are_kept_as_they_are_written() -> None:
    written = r"""regexp_replace(day, '[^\d]', "a\"b'") || r'\d'"""
    assert r"""regexp_replace(`day`, '[^\d]', "a\"b'") || r'\d'""" in (
        parse_expression(written, COLUMNS).safe_sql
    )


def test_what_cannot_fail_has_no_failure() -> None:
    for rule in ("abs(amount - unit_price * quantity) <= 0.01", "category is not null",
                 "sold_on >= '2025-01-01'", "CASE WHEN amount > 1 THEN TRUE END"):  # fmt: skip
        assert parse_condition(rule, SALE_KINDS).failed_sql is None
    assert parse_condition("amount / quantity < 1000", SALE_KINDS).failed_sql is not None


def test_a_condition_is_true_or_false() -> None:
    with pytest.raises(ExpressionRefused, match="a number where a condition is needed"):
        parse_condition("amount + 1", SALE_KINDS)


@pytest.mark.parametrize(
    "sql",
    [
        "(" * 4_000 + "day" + ")" * 4_000,
        "not " * 2_000 + "day = 'x'",
        " or ".join(["day = 'x'"] * 500),
        "upper(" * MAX_DEPTH + "day" + ")" * MAX_DEPTH,
        "/".join(["cast(day as double)"] * 100),
        "case when day = 'x' then " * 120 + "1" + " end" * 120,
        "x" * (MAX_LENGTH + 1),
        "'" * 99,
        "/*" * 50,
        "\x00",
        "`" * 7,
    ],
)
def test_hostile_sql_is_refused_and_does_no_harm(sql: str) -> None:
    assert len(refusal(sql)) < 300


@given(st.text(alphabet=st.sampled_from("ab1.'\"`()[]+-*/%<>=, \n;:$?{}\\|&!~^éx日"), max_size=40))
def test_any_text_is_an_expression_or_refused(text: str) -> None:
    try:
        parse_expression(text, {"a": TEXT, "b": TEXT})
    except ExpressionRefused:
        return


def _declared(**changes: Any) -> dict[str, Any]:
    feed = {
        "landing": "lyon/*.csv",
        "store": {"id": "lyon", "name": "Lyon", "city": "Lyon", "country": "FR"},
        "currency": "EUR",
        "language": "en",
        "date_formats": "yyyy-MM-dd",
        "columns": {"sale_id": "id", "sold_on": "day", "product": "item", "quantity": "units",
                    "amount": "total"},
    }  # fmt: skip
    catalogue = {"landing": "c/*.csv", "languages": {"en": {"product": "p", "category": "c"}}}
    return {"base_currency": "EUR", "language": "en", "rates": {"fixed": {}},
            "catalogue": catalogue, "feeds": {"lyon": feed | changes}}  # fmt: skip


def _problems(data: dict[str, Any]) -> list[str]:
    with pytest.raises(DeclarationError) as caught:
        declaration_from(data)
    return [f"{problem.key}: {problem.message}" for problem in caught.value.problems]


def test_all_refused_sql_of_a_declaration_is_in_one_report() -> None:
    problems = _problems(
        _declared(
            computed={"till": {"sql": "uuid()"}, "known": {"sql": "upper(till)"}},
            exclude_when="prodcut = 'x'",
            rules={"one": {"holds": "amount > avg(amount)"}, "two": {"holds": "amount"}},
        )
    )
    columns = "sale_id, sold_on, product, quantity, amount"
    # The columns of `known` are those of the file: computed ones are not built on one another.
    over = f"over the columns {columns}"
    assert [problem.removeprefix("feeds.lyon.") for problem in problems[:3]] == [
        (
            f"computed.till.sql: no expression {over}, got 'uuid()': uuid() (character 1) "
            "is not the same twice; write an expression of the record's own columns"
        ),
        (
            f"computed.known.sql: no expression {over}, got 'upper(till)': "
            "no column till (character 7); write one of its columns"
        ),
        (
            f"exclude_when: no condition {over}, till, known, got "
            "\"prodcut = 'x'\": no column prodcut (character 1). Did you mean 'product'?"
        ),
    ]
    assert [problem.partition(":")[0] for problem in problems[3:]] == [
        "feeds.lyon.rules.one.holds", "feeds.lyon.rules.two.holds",
    ]  # fmt: skip


def test_refused_sql_beside_other_mistakes_is_in_the_same_report() -> None:
    problems = _problems(_declared(exclude_when="rand() < 0.5", max_quarantined="many"))
    assert [problem.partition(":")[0] for problem in problems] == [
        "feeds.lyon.exclude_when", "feeds.lyon.max_quarantined",
    ] or len(problems) == 2  # fmt: skip


@pytest.mark.parametrize("mistake", [{}, {"max_quarantined": "many"}])
def test_sql_from_the_environment_is_not_shown(
    mistake: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HIDDEN_SQL", "hunter2 = 'x'")
    problems = _problems(_declared(exclude_when="${HIDDEN_SQL}", **mistake))
    assert any(problem.startswith("feeds.lyon.exclude_when: no cond") for problem in problems)
    assert "hunter2" not in "".join(problems)


def test_a_declaration_without_sql_does_not_import_the_parser() -> None:
    program = (
        "import sys; from sales_pipeline.config.loader import load_config; load_config();"
        "print('sqlglot' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
                         check=True, env=dict(os.environ))  # fmt: skip
    assert ran.stdout == "False\n"


def test_two_hundred_feeds_of_one_format_are_parsed_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from sales_pipeline.config.sql import expressions

    parsed: list[str] = []

    def counted(text: str) -> Any:
        parsed.append(text)
        return parse(text)

    monkeypatch.setattr(f"{expressions.__name__}.parse", counted)
    data = _declared(exclude_when="product = 'only here'")
    one = data["feeds"].pop("lyon")
    for number in range(200):
        data["feeds"][f"f{number}"] = one | {"landing": f"f{number}/*.csv"}
    declaration_from(data)
    assert parsed == ["product = 'only here'"]
