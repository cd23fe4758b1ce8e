#!/usr/bin/env python
"""Writes the pages of docs/ that are made from the code, so that they cannot drift from it.

    python docs/generate.py          # writes the pages that are not current
    python docs/generate.py --check  # writes nothing; exits 1 and names them

One file on purpose: each page is one function, named after it, and stands below its helpers.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import date
from decimal import Decimal
from inspect import cleandoc
from itertools import groupby
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import typer
from pydantic import BaseModel, Tag
from pydantic.fields import FieldInfo

from docs.option_examples import EXAMPLES
from sales_pipeline.cli.app import make_app, make_run_pipeline
from sales_pipeline.cli.options import Changing
from sales_pipeline.config import values
from sales_pipeline.config.analysis import Classes, Closing, FiscalCalendar, LikeForLike
from sales_pipeline.config.catalogue import Catalogue, CatalogueLanguage, CatalogueRows, ListPrice
from sales_pipeline.config.descriptions import descriptions
from sales_pipeline.config.feed import Computed, Feed, Rule
from sales_pipeline.config.files import Arrival, Dialect, FileOrder
from sales_pipeline.config.loader import load_config
from sales_pipeline.config.model import Declaration, schema_text
from sales_pipeline.config.rates import DatedRate, RateColumns, Rates
from sales_pipeline.config.sql.calls import known_names
from sales_pipeline.config.sql.functions import REFUSED
from sales_pipeline.config.stores import Closure, DatedCurrency, ListedStore, Store
from sales_pipeline.config.taxes import DatedTaxRate, Tax, TaxRate
from sales_pipeline.lakehouse.declared_tables import (
    all_tables,
    catalogue_columns,
    further_keys,
    rate_columns,
)
from sales_pipeline.lakehouse.ledger import IN_FORCE, State
from sales_pipeline.lakehouse.ops_tables import LOCK
from sales_pipeline.lakehouse.tables import (
    BRONZE_SALES,
    CATALOGUE,
    EXCHANGE_RATES,
    RECORDS,
    Table,
    View,
    bronze_table,
    silver_views,
)
from sales_pipeline.landing.headers import MAX_NAMES_BYTES, USUAL_NAME_BYTES
from sales_pipeline.landing.quotes import MAX_QUOTED_LINE_ENDS
from sales_pipeline.silver.validation.reasons import REASONS

DOCS = Path(__file__).resolve().parent
NOTE = "<!-- Made by docs/generate.py from {source}; change it there, then run `make docs`. -->"


def _page(title: str, source: str, *blocks: str) -> str:
    return "\n\n".join([NOTE.format(source=source), f"# {title}", *blocks]) + "\n"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _code(text: str) -> str:
    """Code for running text; inside two backticks where it has one of its own."""
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def _fenced(text: str, language: str) -> str:
    return f"```{language}\n{text}\n```"


_DELTA_RS = """
from deltalake import DeltaTable, QueryBuilder

records = DeltaTable("lakehouse/{folder}")
QueryBuilder().register("r", records).execute("SELECT * FROM r WHERE {where}")
"""

READERS = {
    "DuckDB": ("sql", "SELECT * FROM delta_scan('lakehouse/{folder}') WHERE {where}"),
    "Python, with delta-rs": ("python", _DELTA_RS.strip()),
    "Spark": (
        "python",
        'spark.read.format("delta").load("lakehouse/{folder}").where("{where}")',
    ),
}
"""How programs read the rows of a view where the tables lie in a folder: language and text."""


def tables() -> str:
    """`tables.md`: every table, its columns and its key; the views and how to do without them."""
    declaration = load_config()
    sales = dict.fromkeys(name for feed in declaration.feeds.values() for name in feed.columns)
    bronze = {
        BRONZE_SALES: list(sales),
        f"bronze.{CATALOGUE}": list(catalogue_columns(declaration)),
        f"bronze.{EXCHANGE_RATES}": list(rate_columns(declaration)),
    }
    by_name = all_tables(
        [bronze_table(name, columns) for name, columns in bronze.items()],
        further_keys=further_keys(declaration),
        minor_units=declaration.minor_units,
    )
    return _page(
        "Tables",
        "sales_pipeline/lakehouse/tables.py",
        "Every table of the lakehouse as it is declared. Types are those of Spark SQL. "
        f"`{BRONZE_SALES}` has one column for each column that a feed declares: those of the "
        f"sample retailer are shown. `{RECORDS}` has one more column for each key column that is "
        "not `sale_id`. The scale of `revenue` and `returns` is the minor unit of the base "
        f"currency ({declaration.base_currency} here).",
        *_view_section(silver_views(further_keys(declaration), is_net_of_tax=True)),
        *_table_sections([*by_name.values(), LOCK]),
    )


def _view_section(views: Sequence[View]) -> Iterator[str]:
    yield "## Views"
    yield (
        f"The records of all feeds are in two tables, `{BRONZE_SALES}` and `{RECORDS}`. A view "
        "shows a part of one of them. Where the tables are in a catalog, the views are there, too."
    )
    rows = [
        (_code(view.name), _code(view.table), _code(view.where), view.comment) for view in views
    ]
    one_feed = "The delivered records of one feed of sales, untouched; there is a view for each."
    rows.append(("`bronze.<feed>`", _code(BRONZE_SALES), "`feed = '<feed>'`", one_feed))
    yield _table(("View", "Rows of", "Condition", "What it shows"), rows)
    sales = views[0]
    yield (
        'In Python, `read_silver(declaration, "sales")` gives the rows of `silver.sales` on every '
        "engine, and the same with `set_aside` and `quarantine`.\n\n"
        "Where the tables are in a folder there are no views, and the condition takes their place. "
        f"The rows of {_code(sales.name)}, for example, and of any other view with its table and "
        "condition:"
    )
    for program, (language, text) in READERS.items():
        yield f"{program}:"
        folder = sales.table.replace(".", "/")
        yield _fenced(text.format(folder=folder, where=sales.where), language)


def _table_sections(declared: Iterable[Table]) -> Iterator[str]:
    for schema, of_schema in groupby(declared, key=lambda table: table.name.partition(".")[0]):
        yield f"## {schema}"
        for table in of_schema:
            yield from _table_section(table)


def _table_section(table: Table) -> Iterator[str]:
    yield f"### {_code(table.name)}"
    yield table.comment
    yield f"Key: {', '.join(map(_code, table.key))}"
    rows = (
        (_code(column.name), _code(column.type), "yes" if column.nullable else "no", column.comment)
        for column in table.columns
    )
    yield _table(("Column", "Type", "May be null", "What it holds"), rows)


def reasons() -> str:
    """`reasons.md`: why a record is quarantined."""
    return _page(
        "Reasons",
        "sales_pipeline/silver/validation/reasons.py",
        "Why a record is in `silver.quarantine`. The codes never change their meaning; a record "
        "has every reason that holds for it, in the column `reasons`.",
        _table(("Code", "Meaning"), ((_code(code), text) for code, text in REASONS.items())),
    )


_SQL = """
`computed.<column>.sql`, `exclude_when` and `rules.<name>.holds` are expressions of Spark SQL
that are kept to what every engine does the same way. `check`, `plan` and `run` refuse anything
else when they read the declaration, before any file is claimed.

- An expression looks at **one record**: no window and aggregate functions, no query, no
  generator.
- It gives **the same whenever it is asked**: no `rand()`, `uuid()`, `current_date()` and their
  like.
- It names columns of its own record, in capitals or small letters. `computed` and
  `exclude_when` see texts as delivered; a rule sees the sale: `sold_on` is a DATE, `quantity` a
  DECIMAL(18,3), `unit_price` and `amount` are DECIMAL(18,4), the others are text.
- **An error on a value stops nothing.** Where the expression fails on a record (a division by
  zero, a text that is no number or day, an element that a list does not have, a number that
  does not fit), that record alone is concerned: it has the reason `computed_failed:<column>` or
  `exclude_failed`, or does not keep the rule. `TRY_CAST`, `try_divide`, `get` and
  `try_element_at` give NULL, which is no failure, and so does a branch of CASE that is not
  taken.

Operators: `+ - * / % DIV`, `= <> < <= > >= <=>`, `AND OR NOT`, `IN (…)`, `BETWEEN`, `LIKE`,
`ILIKE`, `RLIKE`, `IS [NOT] NULL | TRUE | FALSE`, `IS [NOT] DISTINCT FROM`, `||`, `CASE`,
`list[0]`, `CAST(… AS type)`, `TRY_CAST`, `::`. Types: STRING, INT, BIGINT, DECIMAL(p,s),
DOUBLE, DATE, TIMESTAMP, BOOLEAN. Lambdas, as in `exists(split(label, ','), x -> x = 'new')`,
may hold nothing that can fail.

Text is compared with a number or a day by reading it as one; in sums, and where a function
takes a number, write `TRY_CAST(quantity AS DECIMAL(18,3))`. Whole numbers are computed in 64
bits. Patterns of `LIKE`, `RLIKE`, `regexp_…`, `split` and of dates are constants. A quote in a
text is written `"it's"` or `'it\\'s'`.
"""


def sql() -> str:
    """`sql.md`: what declared SQL may say."""
    names = ", ".join(map(_code, known_names()))
    refused = groupby(sorted(REFUSED.items(), key=lambda entry: entry[1]), lambda entry: entry[1])
    rows = [(why, ", ".join(_code(name) for name, _ in entries)) for why, entries in refused]
    return _page(
        "Declared SQL",
        "docs/generate.py and sales_pipeline/config/sql/functions.py",
        _SQL.strip(),
        "## Functions",
        f"These may be called: {names}.",
        "Any other is refused; of these the message says why:",
        _table(("It …", "Functions"), rows),
    )


_BY_RENAME = (
    "**Deliver by rename**: write a file under another name, and give it its own once it is "
    "complete. A name that begins with a dot, or ends in `.part` or `.tmp`, is left by every run. "
    "A rename on the same disk happens at once, so that no run ever sees half a file."
)
_PROGRAMS = (
    (
        "rsync",
        (
            "`rsync sales.csv till@host:landing/paris/` as it is: it writes a hidden file and "
            "renames it. Not with `--inplace`."
        ),
    ),
    (
        "sftp",
        (
            "`put sales.csv landing/paris/sales.csv.part`, then "
            "`rename landing/paris/sales.csv.part landing/paris/sales.csv`"
        ),
    ),
    (
        "FTP",
        (
            "`put sales.csv sales.csv.part`, then `rename sales.csv.part sales.csv`; many programs "
            "have an option such as *upload under a temporary name*"
        ),
    ),
    (
        "scp",
        (
            "`scp sales.csv till@host:landing/paris/sales.csv.part`, then "
            "`ssh till@host mv landing/paris/sales.csv.part landing/paris/sales.csv`"
        ),
    ),
    (
        "copying",
        (
            "`cp sales.csv landing/paris/.sales.csv`, then "
            "`mv landing/paris/.sales.csv landing/paris/sales.csv`"
        ),
    ),
)
_ARRIVAL = """
Declare `arrival: {by: rename}` then. Where a program cannot rename, let it write an empty file
`sales.csv.done` after `sales.csv`, and declare `arrival: {by: marker}`.

A correction is delivered under the name of the file that it corrects; a file of the same path has
the same name, also if the feed's `landing` changed since. Where a till uses one name
for each day's file, declare `same_name: adds`, in `rates` for files of rates; a file that shares no
day with the one before waits for `sales-pipeline accept` until that is declared.

## A file that is written slowly

- On Linux a run asks the system whether any process has the file open for writing. If so, also
  while that one pauses, the file is left and named; otherwise it is taken at once.
- Where the system cannot tell (network mounts, files of another user, other systems), a file is
  left until it has not changed for `arrival.settle_seconds`, 10 unless declared.
- Its size, time and inode are the same before and after it is read, and before and after it is
  moved. A correction that takes its place meanwhile stays in the landing folder for the next run.
- A file that is written to after it was moved to the archive is found by the runs of the next
  seven days. It goes back to the landing folder, is taken as a correction of what was counted, and
  is named with exit code 1. The bytes that were counted stay in the archive, if the file still
  begins with them.
- A file that the system does not let a run move is counted once, named with what to do (exit
  code 1), and moved by the next run that may.

Symbolic links, named pipes, sockets and devices are never opened; they are left and named. Lock
files of office programs (`~$sales.csv`, `.~lock.sales.csv#`) are ignored.

## Which of two files is later

Records of one key count once: those of the later file. Files that are found together are in the
order that [`order`](declaration.md) declares; by default in the natural order of their names,
`sales_2` before `sales_10` and a copy (`sales (1)`, `sales - Copy`, `Copy of sales`) after its
original. Where that order decided between two amounts, the run says by which rule. Two names are
the same if they only differ in Unicode form or in characters that nobody sees.
"""


def deliveries() -> str:
    """`deliveries.md`: how files are delivered, and where a delivery can stand."""
    rows = ((_code(state), state.meaning, "yes" if state in IN_FORCE else "no") for state in State)
    return _page(
        "Deliveries",
        "docs/generate.py and sales_pipeline/lakehouse/ledger.py",
        "## How to deliver",
        _BY_RENAME,
        _table(("With", "Do"), _PROGRAMS),
        _ARRIVAL.strip(),
        "## Where a delivery stands",
        "A delivery is one landed file. The ledger, `ops.deliveries`, says how far each has "
        "come: `claimed` → `in_bronze` → `in_silver` → `in_gold` → `archived`. Every step is "
        "safe to do twice, so the next run goes on from wherever a killed one stopped.",
        "*In force*: its records count, or will when the run that works on it ends.",
        _table(("State", "Meaning", "In force"), rows),
        *(
            " ".join(part.split())
            for text in (WHAT_IS_A_RECORD, WHAT_IS_DOUBTFUL)
            for part in text.strip().split("\n\n")
        ),
    )


WHAT_IS_A_RECORD = f"""
## What is a record

Every line of a file is a record, a part of a record that is known to span lines, a header, a
blank line, or one of the lines that `csv.skip_lines` and `csv.footer_lines` leave out.

**Quotes.** A quoted field may hold line ends. A quote that somebody forgot to close would run on
to the next quote, and swallow the records between them. So a record that spans lines is read as
one only if its quotes are closed right before a delimiter or a line end, it has as many fields as
the header, no field of it has more than
{MAX_QUOTED_LINE_ENDS} line ends, and no line within the quotes has as
many fields as a record, or more than half as many and among them a day or a long number written
like the record's own in the same place. Otherwise its first line waits in quarantine as
`unterminated_quote`, and the other lines are records of their own. A field whose closing quote is
followed by text, such as `"TV 32" flat"`, is quarantined as `text_after_quote`; spaces and tabs
there are kept as a part of the field. A quote within a field is doubled, or stands behind the
character that `csv.escape` declares.

**Headers.** A record that has more than half of the header's texts again, in any order, and no
field that begins with a digit, is a header and no record, like the first one: it is not counted
as delivered, and `_row` goes on without it. What follows is read by it. If it lacks declared
columns, or would be refused at the beginning of a file, what follows waits as `header_unknown`, up
to the next header. A file whose names in the header are together longer than
{MAX_NAMES_BYTES >> 10} KiB, and on average than {USUAL_NAME_BYTES} bytes, is
rejected as `wrong_header`. Header texts are compared without case, space around them and invisible
characters, in Unicode form NFC. A byte order mark before a record, where two files were joined, is
no part of it.

**Lines around the data.** A line that `csv.skip_lines` or `csv.footer_lines` would leave out is
read as a record all the same if it does not look like what `csv.skip_like` or `csv.footer_like`
declares. Without these, a line with as many fields as a record is read if two of these hold: the
id has a digit and no space, the day has a digit, the product has a text; or if every declared
column but the day is filled, one of them with a digit. Without a column of the id, both others
have to hold. A line with fewer or more fields, such as a record that is cut off, is read if its id
has a digit and no space (without a column of the id, if its product has a text), and its day begins
with a digit and has four at least. The report of the run shows such lines among its
warnings: a file that comes without its line of totals may be cut off. It also shows lines that
look like records and are left out because they match the declared pattern.
"""
"""What `deliveries.md` says of the lines of a file."""


WHAT_IS_DOUBTFUL = """
## What is read, but may mean something else

A run, its JSON and `check` warn of texts that can be read and look wrong all the same, with a
count and an example. The records count, unless an option below says otherwise.

**More decimals than the currency has**, by ISO 4217: none in yen, three in Kuwaiti dinars. Looked
at are delivered amounts, unit prices where no amount is delivered, and list prices of the
catalogue. Three digits behind the mark in a currency without decimals, as in `5,280` and
`12,000` yen, are most likely thousands; the warning names the `csv` option that reads them so. To
quarantine such sales, declare a rule, for example
`rules: {whole_yen: {holds: "amount = round(amount, 0)"}}`. A number whose first group begins with
a zero, such as `0,851` with a comma between thousands, cannot be read.

**Day and month mixed up.** There is a warning where a date can be read by two of the
`date_formats` and means two days; where a date cannot be read, but could be with day and month
the other way round, and not only without its zeros, which casts doubt on the other dates of its
file if none is above the twelfth; and where the dates of one format end at the twelfth and lie in
at least twice as many months as the other way round. The last is what a spreadsheet leaves behind
that takes `1/2/2025` for the first of February and does not touch `1/13/2025`.

**Sales of the future.** A sale that is dated more than `days_ahead` days after its delivery (one
unless declared, because it may be tomorrow already where the shop is) is told with its money. With
`latest: delivery` it is quarantined as `sold_after_delivery`. The day of the delivery is the one,
in UTC, on which a run took the file: `claimed_at` in the ledger. `rejudge` and `rebuild` take it
from there, never from the clock. After `reset` the files are delivered anew; a ledger that
`restore` made takes the time at which the file was archived.
"""
"""What `deliveries.md` says of warnings about texts."""


PARTS: dict[str, type[BaseModel]] = {
    "": Declaration,
    "feeds.<feed>": Feed,
    "feeds.<feed>.store": Store,
    "feeds.<feed>.stores.<text>": ListedStore,
    "feeds.<feed>.store.closures[]": Closure,
    "feeds.<feed>.currency[]": DatedCurrency,
    "feeds.<feed>.tax": Tax,
    "feeds.<feed>.tax.rate[]": DatedTaxRate,
    "feeds.<feed>.csv": Dialect,
    "feeds.<feed>.arrival": Arrival,
    "feeds.<feed>.order": FileOrder,
    "feeds.<feed>.computed.<column>": Computed,
    "feeds.<feed>.rules.<rule>": Rule,
    "catalogue": Catalogue,
    "catalogue.languages.<language>": CatalogueLanguage,
    "catalogue.rows": CatalogueRows,
    "catalogue.price": ListPrice,
    "rates": Rates,
    "rates.fixed.<currency>[]": DatedRate,
    "rates.columns": RateColumns,
    "calendar": FiscalCalendar,
    "like_for_like": LikeForLike,
    "classes": Classes,
    "closing": Closing,
}
"""Where each part of a declaration stands; that of a format is in no place of its own."""

ALSO = {
    "feeds.<feed>.arrival": "The same keys stand below `arrival` at the top.",
    "feeds.<feed>.order": "The same keys but `column` stand below `order` at the top.",
    "feeds.<feed>": "A [format](#formats) below `formats.<format>` has the same keys but "
    "`landing`, `format`, `store` and `stores`, and needs none of them.",
    "feeds.<feed>.csv": "The same keys stand below `catalogue.csv` and `rates.csv`.",
    "feeds.<feed>.store.closures[]": "The entries of `closures`, of a listed store as well.",
    "feeds.<feed>.currency[]": "The entries where `currency` is a list.",
    "feeds.<feed>.tax": "A listed store has `tax`, too, with the keys `included` and `rate`.",
    "feeds.<feed>.tax.rate[]": "The entries where `rate` is a list.",
    "rates.fixed.<currency>[]": "The entries where a rate is a list.",
}

ALIASES = (
    (values.Identifier, "name"),
    (values.EngineName, "engine"),
    (values.CatalogName, "name of at most 100 ASCII letters, digits, `_` and `-`"),
    (values.Currency, "ISO 4217 code"),
    (values.Language, "ISO 639-1 code"),
    (values.Country, "ISO 3166-1 code"),
    (values.LandingPattern, "file pattern"),
    (values.DatePattern, "Spark date pattern"),
    (values.EngineName, "engine"),
    (values.Text, "text"),
    (values.Header, "text"),
    (values.Constant, "text"),
    (values.Day, "day such as 2025-12-31"),
    (values.LastDay, "day such as 2025-12-31, or `delivery`"),
    (values.Days, "whole number"),
    (values.Mark, "one ASCII character"),
    (values.Share, "share: 0.2 or 20%"),
    (TaxRate, "share: 0.2 or 20 %"),
    (values.Rate, "number above 0"),
    (values.Quantity, "number above 0"),
    (values.Factor, "number above 1"),
    (int, "whole number"),
    (bool, "`true` or `false`"),
)


def declaration() -> str:
    """`declaration.md`: every option of the declaration, with an example."""
    return _page(
        "The declaration",
        "sales_pipeline/config",
        "What a retailer declares, in `config.yaml`. The one that comes with the package, "
        "[`sales_pipeline/config/config.yaml`](../sales_pipeline/config/config.yaml), declares "
        "the sample retailer and explains itself. Keys that are not listed here are refused, and "
        "all mistakes of a file are reported at once, each with its line.",
        "A *part* has keys of its own, listed below. A *name* has lower-case letters a to z, "
        "digits and `_`, and begins with a letter.",
        "`${NAME}` in any text is replaced by the environment variable of that name, so that "
        "secrets stay out of the file; messages show the name in place of the value.",
        "Editors complete and check a declaration by "
        "[`config.schema.json`](config.schema.json), which `sales-pipeline config schema` "
        "prints. Write as its first line:",
        _fenced("# yaml-language-server: $schema=config.schema.json", "yaml"),
        *(block for place, part in PARTS.items() for block in _part_section(place, part)),
    )


def _part_section(place: str, part: type[BaseModel]) -> Iterator[str]:
    yield f"## {_code(place) if place else 'At the top'}"
    if place in ALSO:
        yield ALSO[place]
    # The fields themselves keep only the outermost type, without what is inside brackets.
    hints = get_type_hints(part, include_extras=True)
    for name, field in part.model_fields.items():
        key = field.alias or name
        yield f"### {_code(key)}"
        yield f"{_capital(in_words(hints[name]))}; {_default(field)}."
        yield " ".join(descriptions(part).get(key, "").split())
        yield _fenced(cleandoc(EXAMPLES[place][key]), "yaml")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def in_words(hint: Any) -> str:
    """A type of the model as a reader of YAML calls it.

    >>> in_words(dict[values.Currency, values.Rate])
    'number above 0 for each ISO 4217 code'

    Raises:
        TypeError: Nothing is known to call it.
    """
    if get_origin(hint) is Annotated and any(isinstance(each, Tag) for each in get_args(hint)):
        kept = [each for each in get_args(hint) if not isinstance(each, Tag)]
        return in_words(Annotated[tuple(kept)] if len(kept) > 1 else kept[0])
    for alias, words in ALIASES:
        if hint == alias:
            return words
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return "part"
    composed = _in_words(get_origin(hint), get_args(hint))
    if composed is None:
        raise TypeError(f"docs: no words for {hint}; add them to docs/generate.py")
    return composed


def _in_words(origin: Any, inner: tuple[Any, ...]) -> str | None:
    if origin is Annotated and values.OneOrMany in inner[1:]:
        return f"{in_words(get_args(inner[0])[0])}, or a list of them"
    if origin is Annotated:
        return in_words(inner[0])
    if origin is Literal:
        return " or ".join(_code(value if value.strip() else f"'{value}'") for value in inner)
    if origin in (Union, UnionType):
        return " or ".join(in_words(kind) for kind in inner if kind is not NoneType)
    if origin is dict:
        return f"{in_words(inner[1])} for each {in_words(inner[0])}"
    return f"list of {in_words(inner[0])}s" if origin is tuple else None


def _default(field: FieldInfo) -> str:
    return "required" if field.is_required() else f"default: {_written(field.default)}"


def _written(value: object) -> str:
    """A default as it would be written in YAML."""
    if value is None:
        return "none"
    if isinstance(value, BaseModel):
        return "its defaults"
    if isinstance(value, tuple):
        return _code(f"[{', '.join(map(str, value))}]")
    if isinstance(value, bool):
        return _code(str(value).lower())
    if isinstance(value, int | Decimal | Mapping | date):
        return _code(str(value))
    text = str(value)
    is_plain = text.replace("-", "").replace("_", "").isalnum() or text.startswith("./")
    return _code(text if is_plain else f"'{text}'")


def cli() -> str:
    """`cli.md`: every command with its options; shared options are explained once."""
    commands = list(_commands("sales-pipeline", typer.main.get_command(make_app())))
    commands.append(("run-pipeline", typer.main.get_command(make_run_pipeline())))
    names = ["as_json", *(field.name for field in fields(Changing))]
    of_run = {option.name: option for option in _options(dict(commands)["sales-pipeline run"])}
    shared = [of_run[name] for name in names]
    return _page(
        "The command line",
        "sales_pipeline/cli",
        "Answers go to stdout, everything else to stderr. Exit code 0: done. 1: the data or the "
        "run failed. 2: the command line or the declaration is wrong.",
        *(block for name, command in commands for block in _command_section(name, command, shared)),
        "## Shared options",
        "Most commands take these options, and mean the same by them.",
        _option_table(shared),
    )


def _commands(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """A command and all below it, by their full names; one that only holds others is left out."""
    below = getattr(command, "commands", {})
    if not below or command.epilog:
        yield name, command
    for word, subcommand in below.items():
        yield from _commands(f"{name} {word}", subcommand)


def _options(command: Any) -> list[Any]:
    return [parameter for parameter in command.params if parameter.param_type_name == "option"]


def _command_section(name: str, command: Any, shared: Sequence[Any]) -> Iterator[str]:
    yield f"## {_code(name)}"
    yield from (_prose(text) for text in (command.help or "").split("\n\n"))
    arguments = [argument for argument in command.params if argument.param_type_name == "argument"]
    words = [name, "[OPTIONS]", *(_argument(argument) for argument in arguments)]
    words += ["COMMAND"] if getattr(command, "commands", {}) else []
    yield _fenced(" ".join(words), "text")
    meanings = {option.name: option.help for option in shared}
    own = [option for option in _options(command) if meanings.get(option.name) != option.help]
    if arguments or own:
        yield _option_table([*arguments, *own])
    taken = {option.name for option in _options(command)} - {option.name for option in own}
    if taken:
        also = "It also takes" if arguments or own else "It takes"
        yield f"{also} {_shared_options(taken, shared)}."
    if command.epilog:
        yield from _epilog(command.epilog)


def _shared_options(taken: set[str], shared: Sequence[Any]) -> str:
    """Names those shared options that a command takes, or the few that it does not take."""
    link = f"[shared option{'s' if len(taken) > 1 else ''}](#shared-options)"
    left = [_code(option.opts[0]) for option in shared if option.name not in taken]
    if len(left) < len(taken):
        return f"the {link}" + (f" except {' and '.join(left)}" if left else "")
    *first, last = (_code(option.opts[0]) for option in shared if option.name in taken)
    return f"the {link} " + (f"{', '.join(first)} and {last}" if first else last)


def _option_table(parameters: Iterable[Any]) -> str:
    rows = ((_code(_written_option(parameter)), _explained(parameter)) for parameter in parameters)
    return _table(("Option", "Meaning"), rows)


def _argument(parameter: Any) -> str:
    return str(parameter.metavar) if parameter.required else f"[{parameter.metavar}]"


def _written_option(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return _argument(parameter)
    return " ".join([", ".join(parameter.opts), parameter.metavar or ""]).strip()


def _explained(parameter: Any) -> str:
    text = _prose(parameter.help or "")
    is_option = parameter.param_type_name == "option"
    if not is_option or parameter.is_flag or not parameter.show_default:
        return text
    if parameter.default is None:
        return text
    return f"{text} Default: {_code(str(parameter.default))}."


def _prose(text: str) -> str:
    r"""Help text as a paragraph, with options, variables and commands set as code.

    >>> _prose("Without --config:\n$SALES_PIPELINE_CONFIG, then `x --y`.")
    'Without `--config`: `$SALES_PIPELINE_CONFIG`, then `x --y`.'
    """
    parts = " ".join(text.split()).split("`")
    parts[::2] = [_CODE_IN_PROSE.sub(r"`\g<0>`", part) for part in parts[::2]]
    return "`".join(parts)


_CODE_IN_PROSE = re.compile(
    r"(?<![\w./$-])"
    r"(?:--[a-z][a-z-]*|\$[A-Z_]+|sales-pipeline(?: [a-z]+(?: [A-Z]{2,})*)?|(?:\./)?config\.yaml"
    r"|rejected/|(?:[a-z]+\.)?_?[a-z]+(?:_[a-z]+)+|_row)"
)


def _epilog(text: str) -> Iterator[str]:
    r"""The blocks of an epilog; blocks that begin with `\b` keep their lines, as on the screen."""
    for block in text.split("\n\n"):
        lines = [line for line in block.splitlines() if line.strip() and line != "\b"]
        prose = [line for line in lines if not line.startswith("  ")]
        shown = [line.removeprefix("  ") for line in lines if line.startswith("  ")]
        sentences = [_prose(sentence) for sentence in _sentences(prose)]
        if shown:
            yield from sentences
            yield _fenced("\n".join(shown), "sh")
        elif sentences:
            yield (
                "\n".join(f"- {sentence}" for sentence in sentences)
                if sentences[1:]
                else sentences[0]
            )


def _sentences(lines: Iterable[str]) -> list[str]:
    """The sentences of some lines; a line that does not end one goes on in the next.

    >>> _sentences(["Exit code 0: done.", "Exit code 1: a file", "was refused."])
    ['Exit code 0: done.', 'Exit code 1: a file was refused.']
    """
    sentences: list[str] = []
    for line in lines:
        if sentences and not sentences[-1].endswith((".", ":")):
            sentences[-1] += f" {line}"
        else:
            sentences.append(line)
    return sentences


PAGES: dict[str, Callable[[], str]] = {
    "tables.md": tables,
    "reasons.md": reasons,
    "sql.md": sql,
    "deliveries.md": deliveries,
    "declaration.md": declaration,
    "cli.md": cli,
    "config.schema.json": schema_text,
}


def stale_pages(docs: Path = DOCS) -> dict[str, str]:
    """The pages that are missing or not current in a folder: name -> what they should be."""
    current = {name: make() for name, make in PAGES.items()}
    return {name: text for name, text in current.items() if _text(docs / name) != text}


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code."""
    parser = argparse.ArgumentParser(prog="generate.py", description="Makes the pages of docs/.")
    parser.add_argument("--check", action="store_true", help="only say which are not current")
    parser.add_argument("--docs", type=Path, default=DOCS, help="the folder (%(default)s)")
    given = parser.parse_args(arguments)
    stale = stale_pages(given.docs)
    if given.check:
        for name in stale:
            print(f"docs/{name}: not current. Do: make docs", file=sys.stderr)
        return 1 if stale else 0
    for name, text in stale.items():
        (given.docs / name).write_text(text, encoding="utf-8", newline="\n")
        print(f"docs/{name}: written")
    if not stale:
        print(f"docs: all {len(PAGES)} pages are current")
    return 0


if __name__ == "__main__":
    sys.exit(main())
