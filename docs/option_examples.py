"""An example of every option, as it is written in its part of a declaration.

`docs/declaration.md` shows them; the tests put each one into a declaration and load it. If an
option is only useful with others, they are in its example, too.
"""

from __future__ import annotations

_CLOSURE = "from: 2025-02-03\nto: 2025-03-14\nwhy: new floor"
EXAMPLES: dict[str, dict[str, str]] = {
    "": {
        "language": "language: fr",
        "base_currency": "base_currency: EUR",
        "revenue": """
            revenue: net_of_tax
            feeds: {paris: {tax: {included: true, rate: 20 %}}}
        """,
        "landing": "landing: /data/landing",
        "lakehouse": "lakehouse: /data/lakehouse",
        "engine": "engine: sc://spark.example.com:15002",
        "catalog": """
            engine: databricks
            catalog: main
            landing: /Volumes/{catalog}/{schema}/landing/incoming
            lakehouse: /Volumes/{catalog}/{schema}/landing/lakehouse
        """,
        "schema": """
            engine: sc://spark.example.com:15002
            catalog: spark_catalog
            schema: toys
        """,
        "reader": "reader: builtin",
        "archive": "archive: leave",
        "arrival": "arrival: {settle_seconds: 60}",
        "order": "order: {by: time}",
        "batch_bytes": "batch_bytes: 250000000",
        "max_unpacked_ratio": "max_unpacked_ratio: 50",
        "keep_days": "keep_days: 90",
        "rates": "rates: {fixed: {USD: 0.85}}",
        "catalogue": """
            catalogue:
              landing: catalogue/*.csv
              languages:
                fr: {product: product_fr, category: category_fr}
                en: {product: product_en, category: category_en}
        """,
        "calendar": "calendar: {first_month: 2, weeks: 4-5-4}",
        "like_for_like": "like_for_like: {after_months: 12}",
        "classes": "classes: {a: 70%, b: 90%}",
        "closing": "closing: {quarantined: 2%}",
        "formats": """
            formats:
              french_till:
                language: fr
                csv: {delimiter: ";", decimal: ","}
                date_formats: dd/MM/yyyy
                columns: {sale_id: n, sold_on: date, product: nom, quantity: qté, amount: prix}
            feeds:
              paris_sud:
                format: french_till
                landing: paris_sud/*.csv
                store: {id: paris_sud, name: Paris Sud, city: Paris, country: FR}
                currency: EUR
        """,
        "feeds": """
            feeds:
              lyon:
                landing: lyon/*.csv
                store: {id: lyon, name: Lyon Bellecour, city: Lyon, country: FR}
                currency: EUR
                language: fr
                date_formats: dd/MM/yyyy
                columns: {sale_id: n, sold_on: date, product: nom, quantity: qté, amount: prix}
        """,
    },
    "feeds.<feed>.arrival": {
        "by": "by: rename",
        "settle_seconds": "settle_seconds: 60",
        "marker": "by: marker\nmarker: .ok",
    },
    "feeds.<feed>.order": {
        "by": "by: time",
        "date_format": "by: date\ndate_format: dd-MM-yyyy",
        "column": "by: column\ncolumn: sale_id",
    },
    "rates": {
        "policy": "policy: month_average\nlanding: rates/*.csv",
        "fixed": """
            fixed:
              USD: 0.85
              JPY:
                - rate: 0.0062
                - {rate: 0.0055, since: 2025-01-01}
        """,
        "landing": "landing: rates/*.csv",
        "csv": "landing: rates/*.csv\ncsv: {delimiter: ';'}",
        "layout": "landing: rates/*.csv\nlayout: rows",
        "columns": """
            landing: rates/*.csv
            layout: rows
            columns: {date: jour, currency: devise, rate: cours}
        """,
        "date_formats": "landing: rates/*.csv\ndate_formats: [yyyy-MM-dd, dd.MM.yyyy]",
        "of": "landing: rates/*.csv\nof: USD",
        "direction": """
            landing: rates/*.csv
            layout: rows
            direction: value_of_one
        """,
        "units": """
            landing: rates/*.csv
            layout: rows
            direction: value_of_one
            units: {JPY: 100, HUF: 100}
        """,
        "no_rate": "landing: rates/*.csv\nno_rate: [closed, suspended]",
        "same_name": "landing: rates/*.csv\nsame_name: adds",
        "max_change": "landing: rates/*.csv\nmax_change: 1.5",
        "max_age_days": "landing: rates/*.csv\nmax_age_days: 4",
    },
    "rates.fixed.<currency>[]": {
        "rate": "rate: 0.0055",
        "since": "rate: 0.0055\nsince: 2025-01-01",
    },
    "rates.columns": {
        "date": "date: Date",
        "currency": "currency: Currency",
        "rate": "rate: Value",
        "units": "units: Amount",
    },
    "catalogue": {
        "landing": "landing: products/catalogue-*.csv",
        "csv": "csv: {delimiter: ';'}",
        "languages": """
            languages:
              fr: {product: product_fr, category: category_fr}
              en: {product: product_en, category: category_en}
        """,
        "rows": "code: ean\nrows: {language: lang, product: name, category: group}",
        "code": "code: ean",
        "price": "price: {amount: list_price, currency: EUR, valid_from: from}",
        "max_renamed": "max_renamed: 50%",
    },
    "catalogue.languages.<language>": {
        "product": "product: product_fr\ncategory: category_fr",
        "category": "product: product_fr\ncategory: category_fr",
    },
    "catalogue.rows": {
        "language": "language: lang\nproduct: name",
        "product": "language: lang\nproduct: name",
        "category": """
            language: lang
            product: name
            category: group
        """,
    },
    "catalogue.price": {
        "amount": "amount: list_price\ncurrency: EUR",
        "currency": "amount: list_price\ncurrency: EUR",
        "currency_column": "amount: list_price\ncurrency_column: cur",
        "valid_from": "amount: list_price\ncurrency: EUR\nvalid_from: from",
        "date_formats": """
            amount: list_price
            currency: EUR
            valid_from: from
            date_formats: dd/MM/yyyy
        """,
    },
    "feeds.<feed>": {
        "landing": "landing: paris/2025-*.csv",
        "format": """
            format: french_till
            landing: paris_sud/*.csv
            store: {id: paris_sud, name: Paris Sud, city: Paris, country: FR}
            currency: EUR
        """,
        "store": "store: {id: paris, name: Paris Rivoli, city: Paris, country: FR}",
        "stores": """
            columns: {store: magasin}
            stores:
              "001": {id: paris, name: Paris Rivoli, city: Paris, country: FR}
              "002": {id: geneva, name: Genève, city: Geneva, country: CH, currency: CHF}
        """,
        "currency": """
            currency:
              - currency: BGN
              - {currency: EUR, since: 2026-01-01}
        """,
        "tax": "tax: {included: true, rate: 20 %}",
        "language": "language: fr",
        "csv": """
            csv: {delimiter: ";", decimal: ",", encoding: cp1252}
        """,
        "date_formats": "date_formats: [dd/MM/yyyy, yyyy-MM-dd]",
        "earliest": "earliest: 2020-01-01",
        "latest": "latest: delivery",
        "days_ahead": "days_ahead: 90",
        "columns": """
            columns:
              sale_id: ticket
              sold_on: date
              product: produit
              unit_price: prix unitaire
              quantity: quantité
              till: caisse
        """,
        "computed": """
            columns: {till: caisse, number: numéro}
            computed:
              receipt: {sql: "concat(till, '-', number)"}
              channel: {value: shop}
        """,
        "key": """
            columns: {till: caisse}
            computed:
              day: {sql: sold_on}
            key: [sale_id, till, day]
        """,
        "same_name": "same_name: adds",
        "max_removed": "max_removed: 20%",
        "no_key": "no_key: [none given, 0]",
        "max_repeated_keys": "max_repeated_keys: 5%",
        "archive": "archive: leave",
        "arrival": "arrival: {by: rename}",
        "order": "order: {by: date, date_format: ddMMyyyy}",
        "never_store": "never_store: [nom du client, carte]",
        "product_by": "product_by: code",
        "ignore_case": "ignore_case: true",
        "unknown_products": "unknown_products: pass",
        "price_from": "product_by: code\nprice_from: catalogue",
        "missing_quantity": "missing_quantity: 1",
        "rounding": "rounding: half_up",
        "returns": "returns: quarantine",
        "rules": """
            rules:
              plausible_amount:
                holds: abs(amount) < 10000
                severity: warn
                tolerance: 0.1%
        """,
        "exclude_when": "columns: {status: statut}\nexclude_when: status = 'annulé'",
        "max_quarantined": "max_quarantined: 5%",
    },
    "feeds.<feed>.store": {
        "id": "id: paris",
        "name": "name: Paris Rivoli",
        "city": "city: Paris",
        "country": "country: FR",
        "opened": "opened: 2025-03-01",
        "closed": "closed: 2025-10-01",
        "closures": "closures: [{from: 2025-02-03, to: 2025-03-14, why: new floor}]",
    },
    "feeds.<feed>.store.closures[]": dict.fromkeys(("from", "to", "why"), _CLOSURE),
    "feeds.<feed>.stores.<text>": {
        "id": "id: geneva",
        "name": "name: Genève",
        "city": "city: Geneva",
        "country": "country: CH",
        "currency": "currency: CHF",
        "tax": "tax: {included: true, rate: 8.1 %}",
        "opened": "opened: 2025-03-01",
        "closed": "closed: 2025-10-01",
        "closures": "closures: [{from: 2025-02-03, to: 2025-03-14}]",
    },
    "calendar": {
        "first_month": "first_month: 4",
        "weeks": "weeks: 4-4-5",
        "week_starts": "weeks: 4-4-5\nweek_starts: monday",
        "compare_days": "compare_days: weekday",
    },
    "like_for_like": {"after_months": "after_months: 13"},
    "classes": {"a": "a: 70%", "b": "b: 90%"},
    "closing": {"quarantined": "quarantined: 2%"},
    "feeds.<feed>.currency[]": {
        "currency": "currency: EUR",
        "since": "currency: EUR\nsince: 2026-01-01",
    },
    "feeds.<feed>.tax": {
        "included": "included: false",
        "rate": """
            included: true
            rate:
              - rate: 19 %
              - {rate: 16 %, since: 2020-07-01}
              - {rate: 19 %, since: 2021-01-01}
        """,
        "column": "included: true\ncolumn: vat",
        "rate_column": "included: true\nrate_column: vat_rate",
    },
    "feeds.<feed>.tax.rate[]": {
        "rate": "rate: 20 %",
        "since": "rate: 20 %\nsince: 2014-01-01",
    },
    "feeds.<feed>.csv": {
        "delimiter": 'delimiter: "\\t"',
        "quote": 'quote: "\'"',
        "escape": 'escape: "\\\\"',
        "encoding": "encoding: cp1252",
        "decimal": 'decimal: ","',
        "thousands": 'thousands: " "',
        "symbols": "symbols: [€, EUR]",
        "header": "header: false",
        "skip_lines": "skip_lines: 3",
        "skip_like": """
            skip_lines: 2
            skip_like: "Report*"
        """,
        "footer_lines": "footer_lines: 1",
        "footer_like": """
            footer_lines: 1
            footer_like: "TOTAL*"
        """,
    },
    "feeds.<feed>.computed.<column>": {
        "sql": "sql: concat(sale_id, '-', product)",
        "value": "value: self-service",
    },
    "feeds.<feed>.rules.<rule>": {
        "holds": "holds: abs(amount - unit_price * quantity) <= 0.01",
        "severity": "holds: abs(amount) < 10000\nseverity: warn",
        "tolerance": """
            holds: category is not null
            severity: fail
            tolerance: 1%
        """,
    },
}
"""The place of a part of a declaration -> its keys, each with its example in YAML.

The keys of a format are those of a feed, and the keys of every `csv` are the same.
"""
