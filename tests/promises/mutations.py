"""Landing files that production would rather not deliver: feeds in many dialects, damaged.

`make_files(seed, count)` gives the same files for the same seed. A file is written right
first, with odd but readable texts among the usual ones, and then mostly damaged. Now and then it
is to change while a run reads it.
"""

from __future__ import annotations

import gzip
import io
import random
from copy import deepcopy
from csv import QUOTE_ALL, QUOTE_MINIMAL, writer
from dataclasses import dataclass, field, replace
from typing import Any
from unicodedata import normalize

from tests.promises.busy_files import Change, How
from tests.promises.damages import DAMAGES, INVISIBLE, flip

NAMES = ("Thé vert", "Café moulu", "Vase", "椅子")
ODD_ITEMS = (
    "The\u0301 vert", "  Thé   vert ", "Thé\xa0vert", "THÉ VERT", "\u200fVase", "Va\u200bse",
    "Vase\u202e", "<script>alert(1)</script>", "'; DROP TABLE silver.sales; --",
    "=cmd|' /C calc'!A0", "../../etc/passwd", "\x1b[31mred\x1b[0m", "[bold red]x[/]", "ﾃｰﾌﾞﾙ",
    "表", "𝄞", "é" * 300, "a,b;c\td", 'say "tea"', "two\nlines", "cr\rhere", "\ufeff", "\x85", "",
    " ", "None", "null", "\\N", "{}", "$1", "%s",
)  # fmt: skip
ODD_DAYS = (
    "0001-01-01", "9999-12-31", "2024-02-29", "2025-02-29", "2025-02-30", "2025-13-01",
    "2000-01-01", "2099-12-31", "2100-01-01", "1999-12-31", "\uff12\uff10\uff12\uff15-01-01",
    "2025-1-1", "20250101", "-2025-01-01", "2025-01-01T23:59:59", "2025-01-01 00:00:00+14:00",
    "+2025-01-01", "0", "", "\u200e2025-01-01",
)  # fmt: skip
ODD_NUMBERS = (
    "-0", "-0.00", "+1", "1e3", "1E-2", "NaN", "nan", "inf", "-Infinity", "0x10", "\uff11\uff12",
    "1_000", "\u0663", "1.", ".5", "1.23456", "1.230000", "99999999999999.9999",
    "100000000000000", "9" * 17, "9" * 40, "1" + "0" * 400, "-99999999999999", "0.0001",
    "0.00001", "1 000", "1,5", "1.5", "1.000,5", "0.851", "0,851", "--1", "- 1", "1-", "(1)",
    "€5", "5 €", "$1", "1/2", "\xa05", "5\u3000", "", " ", "null", "true", "\u0967", "1\u20662",
)  # fmt: skip
STORES = {"P1": "paris", "Été 2": "nice", "東京": "tokyo"}
COLUMNS = {"sale_id": "id", "sold_on": "day", "product": "item", "unit_price": "price",
           "quantity": "units", "amount": "total"}  # fmt: skip
_SEMI = {"delimiter": ";", "encoding": "cp1252", "decimal": ",", "thousands": ".",
         "symbols": ["€", "EUR"]}  # fmt: skip
_FRAMED = {"delimiter": "|", "quote": "'", "thousands": " ", "skip_lines": 2, "footer_lines": 1}
LONG_FIELD = 1_200_000
MANY_COLUMNS = 10_000


@dataclass(frozen=True)
class MutatedFile:
    """One file to deliver.

    Attributes:
        feed: The feed that claims it.
        path: Below the landing folder.
        data: The bytes.
        damages: What was done to it, in order; nothing where it is as it should be.
        packed: Whether it is in gzip.
        change: What happens to it while a run reads it.
    """

    feed: str
    path: str
    data: bytes
    damages: tuple[str, ...] = ()
    packed: bool = False
    change: Change | None = None

    def versions(self) -> list[MutatedFile]:
        """The file as it is at first, and as it is later; one, if it is not complete at first."""
        if self.change is None:
            return [self]
        is_whole = self.change.how is How.REPLACED
        later = replace(self, data=self.change.data, damages=() if is_whole else self.damages)
        return [later] if self.change.how is How.SLOW else [self, later]


def declaration() -> dict[str, Any]:
    """What the retailer of these files declares: a feed for each dialect."""
    feeds = {
        "plain": _feed("plain"),
        "semi": _feed("semi", csv=_SEMI, returns="quarantine"),
        "shift": _feed("shift", csv={"encoding": "cp932"}, key=[], missing_quantity=1),
        "wide": _feed("wide", csv={"delimiter": "\t", "encoding": "utf-16"}, rounding="half_up"),
        "bare": _feed("bare", csv={"header": False}, ignore_case=True),
        "framed": _feed("framed", csv=_FRAMED, unknown_products="pass"),
        "secret": _feed("secret", never_store=["name"], archive="move", max_quarantined="20%"),
        "adds": _feed("adds", same_name="adds", exclude_when="item_state = 'cancelled'",
                      rules={"plausible": {"holds": "abs(amount) < 10000", "severity": "warn"}}),
        "chain": _feed("chain", stores={text: _store(name) for text, name in STORES.items()}),
    }  # fmt: skip
    del feeds["chain"]["store"]
    feeds["chain"]["columns"]["store"] = "shop"
    feeds["bare"]["columns"] = {name: str(at) for at, name in enumerate(COLUMNS, start=1)}
    feeds["adds"]["columns"]["item_state"] = "state"
    return deepcopy(
        {
            "rates": {"policy": "daily", "landing": "rates/*.csv", "layout": "rows",
                      "max_age_days": 40_000},
            "catalogue": {
                "landing": "catalogue/*.csv",
                "languages": {"fr": {"product": "produit", "category": "categorie"},
                              "en": {"product": "product", "category": "category"}},
            },
            "feeds": feeds,
        }
    )  # fmt: skip


def _feed(name: str, **more: Any) -> dict[str, Any]:
    return {
        "landing": f"{name}/*.csv",
        "store": _store(name),
        "currency": "JPY" if name == "shift" else "EUR",
        "language": "fr",
        "date_formats": ["yyyy-MM-dd"],
        "max_quarantined": "100%",
        "max_repeated_keys": "100%",
        "columns": dict(COLUMNS),
        **more,
    }


def _store(name: str) -> dict[str, str]:
    return {"id": name, "name": f"{name} store", "city": name.title(), "country": "FR"}


CATALOGUE_LINES = (
    "produit,categorie,product,category",
    *(f"{name},Rayon,{name},Shelf" for name in NAMES),
)
RATE_LINES = (
    "date,currency,rate",
    "2000-01-03,JPY,120.5",
    "2025-01-02,JPY,160",
    "2025-01-02,USD,1.04",
)


def right_files() -> list[MutatedFile]:
    """The catalogue and the rates that every lakehouse gets."""
    return [
        MutatedFile("catalogue", "catalogue/right.csv", "\n".join(CATALOGUE_LINES).encode()),
        MutatedFile("exchange_rates", "rates/right.csv", "\n".join(RATE_LINES).encode()),
    ]


def make_files(seed: int, count: int) -> list[MutatedFile]:
    """Gives so many files, the same for the same seed."""
    dice = random.Random(seed)
    feeds = declaration()["feeds"]
    makers = [_Maker(dice, name, feed) for name, feed in feeds.items()]
    files = []
    for at in range(count):
        maker = dice.choice(makers)
        name = f"{seed}_{at}.csv"
        roll = dice.random()
        if roll < 0.04:
            files.append(_small(dice, "catalogue", f"catalogue/{name}", CATALOGUE_LINES))
        elif roll < 0.08:
            files.append(_small(dice, "exchange_rates", f"rates/{name}", RATE_LINES))
        else:
            files.append(maker.file(f"{maker.name}/{name}", f"{seed}-{at}"))
    return files


def _small(dice: random.Random, feed: str, path: str, lines: tuple[str, ...]) -> MutatedFile:
    records = [line.split(",") for line in (lines[0], *dice.sample(lines[1:], 2))]
    field_at = dice.choice(records[1:])
    field_at[dice.randrange(len(field_at))] = dice.choice((*ODD_ITEMS, *ODD_NUMBERS, *ODD_DAYS))
    text = "\n".join(",".join(each) for each in records) + f",{path}\n"
    return _damaged(dice, MutatedFile(feed, path, text.encode("utf-8", "replace")))


@dataclass
class _Maker:
    """Makes the files of one feed."""

    dice: random.Random
    name: str
    feed: dict[str, Any]
    csv: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.csv = self.feed.get("csv", {})
        self.encoding = self.csv.get("encoding", "utf-8")
        self.names = [each for each in NAMES if _fits(each, self.encoding)]
        self.odd_items = [each for each in ODD_ITEMS if _fits(each, self.encoding)]

    def file(self, path: str, prefix: str) -> MutatedFile:
        text = self._text(prefix)
        file = MutatedFile(self.name, path, text.encode(self.encoding, "replace"))
        file = _damaged(self.dice, file, text, self.encoding)
        return (
            replace(file, change=self._change(file, prefix)) if self.dice.random() < 0.06 else file
        )

    def _change(self, file: MutatedFile, prefix: str) -> Change:
        """What happens to a file while it is read: it gets more records, or others."""
        more = self._written([self._record(f"{prefix}-more-{at}") for at in range(3)])
        end = "" if self.dice.random() < 0.7 else "cut"
        after = (more + end).encode(self.encoding, "replace")
        after = gzip.compress(after, mtime=0) if file.packed else after
        how, is_any = self.dice.choice(list(How)), self.dice.random() < 0.5
        other = self._text(prefix).encode(self.encoding, "replace")
        return Change(
            how,
            other if how is How.REPLACED else file.data + after,
            opening=int(10 ** self.dice.uniform(0, 4)) if is_any else self.dice.randint(1, 10),
            of_any_file=is_any,
            lasts=self.dice.randint(0, 3),
        )

    def _text(self, prefix: str) -> str:
        header = [*COLUMNS.values(), "name", "state", "shop"]
        records = [self._record(f"{prefix}-{at}") for at in range(self.dice.randint(0, 12))]
        if self.dice.random() < 0.3:
            self._disguise(header, records)
        roll = self.dice.random()
        if roll < 0.01:
            many = MANY_COLUMNS if roll < 0.002 else MANY_COLUMNS // 100
            header += [f"further {at}" for at in range(many)]
            records = [[*each, *("x" * many)] for each in records[:3]]
        elif roll < 0.016 and records:
            records[0][self.dice.randrange(9)] = "long, " * (LONG_FIELD // 6)
        elif roll < 0.04 and records:
            deep = '"' * self.dice.randint(1, 300) + "x" * self.dice.randint(0, 3)
            records[0][self.dice.randrange(9)] = deep
        if self.dice.random() < 0.2 and self.csv.get("header", True):
            order = self.dice.sample(range(len(header)), len(header))
            header, *records = [[each[at] for at in order] for each in (header, *records)]
        lines = self._written(records if not self.csv.get("header", True) else [header, *records])
        before = "Report\nof 'May\n" if self.csv.get("skip_lines") else ""
        after = "Total|'1\n" if self.csv.get("footer_lines") else ""
        return before + lines + after

    def _disguise(self, header: list[str], records: list[list[str]]) -> None:
        """Writes headers, keys, products and stores otherwise, so that nobody sees a difference.

        Now and then a sale comes again, its key written in such a way.
        """
        rows = [header, *records] if self.csv.get("header", True) else records
        for row in self.dice.choices(rows, k=min(len(rows), 3)):
            at = self.dice.choice((0, 2, 8)) if row is not header else self.dice.randrange(len(row))
            row[at] = self._disguised(row[at])
        if records and self.dice.random() < 0.5:
            again = list(self.dice.choice(records))
            again[0] = self._disguised(again[0])
            if self.dice.random() < 0.5:
                again[5] = self._number()
            records.insert(self.dice.randint(0, len(records)), again)

    def _disguised(self, text: str) -> str:
        """A text that looks the same: in another Unicode form, or with characters of no width."""
        other = normalize(self.dice.choice(("NFC", "NFD")), text)
        for _ in range(self.dice.randint(0, 2)):
            at = self.dice.randint(0, len(other))
            other = other[:at] + self.dice.choice(INVISIBLE) + other[at:]
        return other if _fits(other, self.encoding) else text

    def _written(self, records: list[list[str]]) -> str:
        out = io.StringIO(newline="")
        lines = writer(
            out,
            delimiter=self.csv.get("delimiter", ","),
            quotechar=self.csv.get("quote", '"'),
            quoting=QUOTE_ALL if self.dice.random() < 0.15 else QUOTE_MINIMAL,
            lineterminator=self.dice.choice(("\n", "\n", "\r\n", "\r")),
        )
        lines.writerows(records)
        return out.getvalue()

    def _record(self, sale_id: str) -> list[str]:
        dice = self.dice
        item = dice.choice(self.names if dice.random() < 0.75 else self.odd_items)
        day = f"20{dice.randint(20, 29)}-0{dice.randint(1, 9)}-{dice.randint(10, 28)}"
        day = day if dice.random() < 0.8 else dice.choice(ODD_DAYS)
        numbers = [self._number(), self._number(), self._number()]
        state = dice.choice(("", "", "", "cancelled"))
        sale_id = f"{sale_id}é" if dice.random() < 0.1 else sale_id
        shop = dice.choice((*STORES, *STORES, "P9"))
        fields = [sale_id, day, item, *numbers, dice.choice(("Ann", "é", "")), state, shop]
        if dice.random() < 0.02:
            fields[0] = dice.choice(self.odd_items)
        return [each if _fits(each, self.encoding) else "?" for each in fields]

    def _number(self) -> str:
        if self.dice.random() < 0.2:
            return self.dice.choice(ODD_NUMBERS)
        mark = self.csv.get("decimal", ".")
        return f"{self.dice.randint(-5, 2000)}{mark}{self.dice.randint(0, 99):02d}"


def _fits(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _damaged(
    dice: random.Random, file: MutatedFile, text: str = "", encoding: str = "utf-8"
) -> MutatedFile:
    """Damages a file a few times, or writes it otherwise, or leaves it; packs it now and then."""
    data, damages = file.data, []
    if text and dice.random() < 0.05:
        other = dice.choice(("utf-8", "utf-8-sig", "cp1252", "cp932", "utf-16", "utf-16-be"))
        if other != encoding:
            data, damages = text.encode(other, "replace"), [f"written in {other}"]
    for name in dice.choices(list(DAMAGES), k=dice.choice((0, 1, 1, 1, 2, 3))):
        if data:
            data, damages = DAMAGES[name](dice, data), [*damages, name]
    if packed := dice.random() < 0.06:
        data = gzip.compress(data, mtime=0)
        if dice.random() < 0.3:
            data, damages = flip(dice, data), [*damages, "gzip flipped"]
        elif dice.random() < 0.2:
            data, damages = data[: dice.randrange(len(data))], [*damages, "gzip cut"]
    return MutatedFile(file.feed, file.path, data, tuple(damages), packed)
