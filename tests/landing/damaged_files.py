"""Small files of every kind of damage, and what the built-in reader makes of each."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, replace

from sales_pipeline.landing.quotes import MAX_RECORD_BYTES
from sales_pipeline.landing.shape import FileShape

SHAPE = FileShape((("sold_on", "day"), ("product", "item")))
SEMICOLONS = replace(SHAPE, delimiter=";", quote="'")
TABS = replace(SHAPE, delimiter="\t")
PIPES = replace(SHAPE, delimiter="|", quote="^")
NUMBERED = replace(SHAPE, columns=(("sold_on", "1"), ("product", "2")), header=False)
ONE = FileShape((("product", "item"),))
PRIVATE = replace(SHAPE, never_store=("buyer",))
FRAMED = replace(SHAPE, skip_lines=3, footer_lines=2)
_ALL_BYTES = bytes(byte for byte in range(256) if byte not in b'\0\r\n,;"')
_CONTROL = "".join(map(chr, range(1, 32))).replace("\r", "").replace("\n", "")


@dataclass(frozen=True)
class Kind:
    """One kind of file.

    Attributes:
        data: Its bytes.
        shape: How its feed declares it.
        name: What it is called.
    """

    data: bytes
    shape: FileShape = SHAPE
    name: str = "sales.csv"


def _text(text: str, shape: FileShape = SHAPE, encoding: str = "utf-8") -> Kind:
    return Kind(text.encode(encoding), shape)


SAME = {
    "plain": _text("day,item\n1,chair\n2,lamp\n"),
    "no record": _text("day,item\n"),
    "no line end at the end": _text("day,item\n1,chair\n2,lamp"),
    "columns in another order and case": _text("ITEM ,Day\nchair,1\n"),
    "undeclared columns": _text(
        'note,day,item,\nsay "hé" \\,1,chair,x\n"say ""hé""\n",2,lamp,\n,,,\n'
    ),
    "control characters in an undeclared column": _text(f"day,item,note\n1,chair,{_CONTROL}\x7f\n"),
    "an undeclared header of quotes": _text('day,item,"a ""b"" \\, c`"\n1,chair,x\n'),
    "too few and too many fields": _text(
        'day,item\n1\n\n2,"lamp",3\n,\n,,\n"a,b"\n"a,b",c,\nx"y,z"\nx,y,"z\n'.replace(',"z', ',z"')
    ),
    "too few fields at both ends": _text("day,item\n1\n2,lamp\n3"),
    "fields that are empty": _text('day,item\n,\n"",""\n ,\t\n'),
    "wrong types": _text("day,item\n32 May,-1.5e\n"),
    "empty lines": _text("\n\r\nday,item\n\n\n1,chair\n\r\n\n2\n\r\n\n3,bed\n\n"),
    "lines of spaces": _text("day,item\n \n1,chair\n\t\n"),
    "a line end within quotes": _text('day,item\n1,"a\nb"\n"\n\n",lamp\n3,bed\n'),
    "a windows line end within quotes": _text('day,item\r\n1,"a\r\nb"\r\n2,"c\nd"\r\n'),
    "a line end in the header": _text('"day","item","a\nnote"\n1,chair,x\n'),
    "windows line ends": _text('day,item\r\n1,chair\r\n2\r\n"3","bed"\r\n4,5,6\r\n'),
    "mixed line ends": _text("day,item\n1,chair\r\n2,lamp\n3\r\n4,bed"),
    "windows line end at the end only": _text("day,item\n1,chair\r\n2,lamp\r"),
    "quotes within fields": _text('day,item\n1,4" nail\n2,a""b\n3,"say ""hi"""\n4,""""\n'),
    "quotes within fields of ragged records": _text(
        'day,item\nx"y,a,b"c\n4" nail\n1,4" a,5" b,2\n"",b"",c\n"""x,",y,z\n"a"",b","x",y\n'
    ),
    "escaped quotes": _text(
        'day,item\n1,"say \\"hi\\""\n2,"a\\\\"\n3,\\\n4,"a\\n"\n', replace(SHAPE, escape="\\")
    ),
    "backslashes": _text('day,item\n1,\\\n\\,"a\\"\n"\\\\",\\"\n'),
    "what looks like a comment": _text("day,item\n#1,chair\n//,-- x\n"),
    "words that mean nothing elsewhere": _text("day,item\nnull,NULL\n\\N,NaN\n"),
    "a byte order mark": Kind(b"\xef\xbb\xbfday,item\n1,chair\n"),
    "an empty line behind a byte order mark": Kind(b"\xef\xbb\xbf\r\nday,item\n1,chair\n"),
    "undecodable": Kind(
        b"day,item\n1,\x81\xff\n2,caf\xc3\xa9\n\xc3,\xe2\x82\n\xed\xa0\x80,\xf0\x9f\x98\x80\n"
    ),
    "undecodable and ragged": Kind(b"day,item\n\x81\n1,caf\xc3\xa9,3,\xc3\xa9\xff\n4,bed\n"),
    "a NUL": Kind(b"day,item\n1,a\0b\n\0,lamp\n3,\0\n4,bed\n5\0\n" + b"6,desk\n" * 99),
    "in four bytes": _text("day,item\n1,\U0001f600 日本 e\u0301\n"),
    "cp1252": Kind(
        "day,item\n1,€ ‰ é ž\n".encode("cp1252")
        + b"2,"
        + _ALL_BYTES
        + b"\n3,a\x81\n4,caf\xe9,\x9d\x80\n5\n",
        replace(SHAPE, encoding="cp1252"),
    ),
    "iso-8859-1": Kind(
        b"day,item\n1," + _ALL_BYTES + b"\n2\n", replace(SHAPE, encoding="iso-8859-1")
    ),
    "iso-8859-15": Kind(
        b"day,item\n1," + _ALL_BYTES + b"\n2\n", replace(SHAPE, encoding="iso-8859-15")
    ),
    "semicolons and single quotes": _text(
        "day;item\n'1;2';1,50\n2;'it''s \"so\"'\n3\n4;5;6\n", SEMICOLONS
    ),
    "tabs": _text('day\titem\n1\ta b\n "2"\t"x\ty"\n3\t\n4\n', TABS),
    "pipes and carets": _text("day|item\n1|^a|b^\n2|.*\n3|4|5\n", PIPES),
    "without a header": _text('1,chair\n\n"2",lamp\n3\n', NUMBERED),
    "without a header, marked": Kind(b"\xef\xbb\xbf1,chair\n2,lamp\n", NUMBERED),
    "one column": _text('item\nchair\n""\n\n \n"a\nb"\n,\nlamp', ONE),
    "one column of windows": _text(
        'item\r\nchair\r\n""\r\n\r\n \r\n"a\r\nb"\r\n,\r\nlamp\r\n', ONE
    ),
    "lines before and after": _text(
        'A "report"\n\nof, all, our, sales\nday,item\n1,chair\n2\n\nTotal,2\n\nEnd\n', FRAMED
    ),
    "personal data": Kind(
        b'day,buyer,item,note\n1,Ann,chair,x\n2,Bob\n3,"Eve, E",\xff,y\n4,C,bed,z\n', PRIVATE
    ),
    "gzip": Kind(
        gzip.compress(b"day,item\n1,chair\n") + gzip.compress(b"2\n"), name="sales.csv.gz"
    ),
    "many records": Kind(
        b"day,item\n" + b"".join(b"%d,chair\n%d\n" % (at, at) for at in range(2_000))
    ),
    "a file that could be split": Kind(b"day,item\n" + b"1," + b"\n2,".join([b"x" * 64_000] * 150)),
    "a long record": Kind(
        b"day,item\n1," + b"x" * 900_000 + b"\n2" + b"," * 900_000 + b"\n3,bed\n"
    ),
    "a hostile name": Kind(b"day,item\n1,chair\n", name="[a]*?{b,c}\\`'\" $%20=#é.csv"),
    "a hostile header": _text('day,item,"`x`; DROP TABLE y --","${z} {} %s \\"\n1,chair,2,3\n'),
}
"""Kinds of files of which both readers make the same."""

REFUSED = {
    "lone line ends of old": (_text("day,item\r1,chair\r2,lamp"), "a carriage return"),
    "a lone line end among others": (_text("day,item\n1,chair\r2,lamp\n"), "a carriage return"),
    "a lone line end within quotes": (_text('day,item\n1,"a\rb"\n'), "a carriage return"),
    "a quote that is never closed": (_text('day,item\n1,"chair\n2,lamp\n'), "record 1: a quoted"),
    "a quote that is closed further down": (
        _text('day,item\n1,"chair\n2,lamp"\n'),
        "record 1: a quoted",
    ),
    "text behind a closed quote": (_text('day,item\n1,"chair"s\n'), "record 1: text follows"),
    "a header that lacks a column": (
        _text("day,item,x\n1,chair,2\nday,note,x\n2,lamp,3\n"),
        "record 2: a header further up",
    ),
    "a line end within quotes of a record with too many fields": (
        _text('day,item\n1,"a\nb",3\n4,bed\n'),
        "record 1: a quoted",
    ),
    "a record that is too long": (
        Kind(b"day,item\n1,chair\n2," + b"x" * MAX_RECORD_BYTES + b"\n"),
        "record 2: the line is longer",
    ),
    "a name that Spark passes over": (replace(SAME["plain"], name="_sales.csv"), "'_sales.csv'"),
    "a hidden file": (replace(SAME["plain"], name=".sales.csv"), "'.sales.csv'"),
    "a colon in the name": (replace(SAME["plain"], name="10:30.csv"), "a colon"),
    "gzip under another name": (
        Kind(gzip.compress(b"day,item\n1,chair\n")),
        "a gzip archive named 'sales.csv'",
    ),
    "another file named as gzip": (
        replace(SAME["plain"], name="x.gz"),
        "no gzip archive named 'x.gz'",
    ),
    "a name of another archive": (replace(SAME["plain"], name="x.csv.bz2"), "named 'x.csv.bz2'"),
}
"""Kinds of files that are refused before Spark reads them, and what the reason says."""

MISREAD = {
    "a header further down": _text("day,item\n1,chair\nitem,day\nlamp,2\n"),
    "a byte order mark further down": _text("day,item\n1,chair\n\ufeff2,lamp\n"),
    "a record among the lines before": _text("1,chair\n\n2,lamp\nday,item\n3,bed\nTotal\n", FRAMED),
    "a space behind a closed quote": _text('day,item\n"1" ,chair\n'),
    "an undecodable byte in a record with quotes": Kind(b'day,item\n1,"a\xff"\n2,bed\n'),
    "an empty line behind a mark, and a byte that is no text": Kind(
        b"\xef\xbb\xbf\r\nday,item\n1,chair\n2,\xff\n"
    ),
    "a quote in the lines before": _text('a\n"b\nc\nday,item\n1,chair\nTotal\nEnd\n', FRAMED),
}
"""Kinds of files that are refused after Spark has read them otherwise."""
