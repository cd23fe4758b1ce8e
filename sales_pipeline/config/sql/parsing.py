"""Parses one declared expression by sqlglot's grammar of Spark SQL.

sqlglot takes a tenth of a second to import, so only a declaration with SQL imports it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sales_pipeline.config.problems import MAX_SHOWN, suggestion
from sales_pipeline.errors import closest

if TYPE_CHECKING:
    from sqlglot import exp

MAX_LENGTH = 10_000
"""The characters of an expression."""
MAX_DEPTH = 150
"""How deep expressions may be nested: engines recurse into them."""
TEXT_MARK = "\x1f"
"""The beginning of the number of a text constant in the tree."""


ONE_RECORD = "; write an expression of the record's own columns"
_CONSTRUCTS = {
    "Array": "array(…)[…]", "Alias": "a name after an expression (AS)",
    "Star": "*", "Interval": "INTERVAL",
    "Escape": "LIKE … ESCAPE", "Placeholder": "a parameter", "Parameter": "a parameter",
    "Select": "SELECT", "Lambda": "a lambda", "Distinct": "DISTINCT", "Dot": "a name with dots",
    "Tuple": "a list in round brackets", "JSONExtract": "->", "Slice": "[from:to]",
}  # fmt: skip
_WRITE_INSTEAD = {
    "Array": "; write get(array(…), 0) for an element of array(…)",
    "Interval": "; write date_add(…, 1) or add_months(…, 1)",
    "Alias": "; write one expression, without a name",
    "Escape": "; write LIKE without it, or contains(…, …)",
}
"""Constructs that are no part of declared SQL -> their name, and what to write instead."""


class ExpressionRefused(ValueError):
    """Declared SQL is refused; reads as what is wrong and what to do.

    Attributes:
        what: What is wrong, with the place in the text.
        do: What to do, with the mark before it.
    """

    def __init__(self, what: str, do: str) -> None:
        self.what = what
        self.do = do
        super().__init__(f"{what}{do}")


@dataclass(frozen=True)
class Parsed:
    """An expression as it was parsed.

    Attributes:
        tree: The expression.
        texts: Its text constants as they are written, with their quotes. In the tree each stands
            by its number: what a backslash means in them is left to the engine.
        values: The same constants without quotes and escapes.
        numbers: How many numbers are written in it.
        places: Each word of the text in small letters -> where it is first.
    """

    tree: exp.Expression
    texts: tuple[str, ...]
    values: tuple[str, ...]
    numbers: int
    places: dict[str, str]

    def check_whole(self) -> None:
        """Refuses what sqlglot did not keep as a whole, such as `array(1, 2)[0]`."""
        from sqlglot import exp

        texts = [node.is_string for node in self.tree.find_all(exp.Literal)]
        if texts.count(True) != len(self.texts) or texts.count(False) != self.numbers:
            what = "an expression that is not understood as a whole"
            raise ExpressionRefused(what, "; write it in another way")

    def refusal(self, node: exp.Expression) -> ExpressionRefused:
        """Returns why a construct is no part of declared SQL."""
        from sqlglot import exp

        name = type(node).__name__
        if isinstance(node, exp.Window | exp.WithinGroup | exp.Filter | exp.IgnoreNulls):
            function = node.find(exp.Anonymous)
            called = str(function.this) if function else ""
            over = "() OVER" if isinstance(node, exp.Window) else "()"
            what = f"{called}{over}{self.at(called)} looks at other records"
            return ExpressionRefused(what, ONE_RECORD)
        if isinstance(node, exp.Query | exp.Exists | exp.Values) or node.find(exp.Query):
            return ExpressionRefused(
                f"a query{self.at('select')} looks at other tables", ONE_RECORD
            )
        what = f"{_CONSTRUCTS.get(name, name.upper())} is no part of an expression here"
        return ExpressionRefused(what, _WRITE_INSTEAD.get(name, "; write it without"))

    def at(self, word: str) -> str:
        """Returns where a word is written, as a message names it; empty where it is not known."""
        place = self.places.get(word.lower())
        return f" ({place})" if place else ""


def parse(text: str) -> Parsed:
    """Parses a text as one SQL expression.

    Raises:
        ExpressionRefused: It is none, more than one, or a whole statement.
    """
    from sqlglot import TokenType
    from sqlglot.errors import ParseError, TokenError

    if len(text) > MAX_LENGTH:
        raise ExpressionRefused(f"longer than {MAX_LENGTH} characters", "; write a shorter one")
    try:
        tokens, texts, values = _tokens(text)
        trees = _parser().parse(tokens, text)
    except TokenError as error:
        what = f"no SQL: {str(error).splitlines()[0][:120]}"
        raise ExpressionRefused(what, "; close every quote and comment") from None
    except ParseError as error:
        raise ExpressionRefused(*_parse_fault(error, text)) from None
    except RecursionError:
        raise _too_deep() from None
    if len(trees) != 1 or trees[0] is None:
        what = "more than one expression" if len(trees) > 1 else "no expression"
        raise ExpressionRefused(what, "; write one, such as amount > 0")
    _check_depth(trees[0])
    places: dict[str, str] = {}
    for token in tokens:
        places.setdefault(token.text.lower(), _place(text, token.start))
    numbers = sum(token.token_type == TokenType.NUMBER for token in tokens)
    return Parsed(trees[0], texts, values, numbers, places)


def unknown_name(kind: str, name: str, known: list[str], at: str) -> ExpressionRefused:
    """Returns the refusal of a name that there is not, with the one that was probably meant."""
    by_lower = {word.lower(): word for word in known}
    place = "its columns" if kind == "column" else "those in the documentation of sql"
    meant = by_lower.get(closest(name.lower(), by_lower) or "")
    do = suggestion(meant, otherwise=f"write one of {place}")
    return ExpressionRefused(f"no {kind} {name[:MAX_SHOWN]}{at}", do)


@cache
def _dialect() -> Any:
    from sqlglot.dialects.spark import Spark

    return Spark()


def _parser() -> Any:
    """A parser that keeps each function under the name by which it was called."""
    dialect = _dialect()
    spark = type(dialect.parser())
    kept = ("CAST", "TRY_CAST", "EXTRACT", "TRIM", "SUBSTRING", "POSITION")
    by_name = type(
        "ExpressionParser",
        (spark,),
        {
            "FUNCTIONS": {},
            "FUNCTION_PARSERS": {name: spark.FUNCTION_PARSERS[name] for name in kept},
            "NO_PAREN_FUNCTIONS": {},
            "NO_PAREN_FUNCTION_PARSERS": {"CASE": spark.NO_PAREN_FUNCTION_PARSERS["CASE"]},
            "STRICT_CAST": True,
        },
    )
    return by_name(dialect=dialect)


def _tokens(text: str) -> tuple[list[Any], tuple[str, ...], tuple[str, ...]]:
    from sqlglot import TokenType

    kinds = (TokenType.STRING, TokenType.RAW_STRING)
    tokens: list[Any] = []
    texts: list[str] = []
    values: list[str] = []
    for token in _dialect().tokenize(text):
        if token.token_type not in kinds:
            tokens.append(token)
            continue
        written = text[token.start : token.end + 1]
        if tokens and tokens[-1].token_type in kinds:
            # Spark 4 reads 'it''s' as one text with a quote, Sail as two without.
            what = f"two texts beside each other ({_place(text, token.start)})"
            raise ExpressionRefused(what, '; write "it\'s" for a quote, or concat(…)')
        number = f"{TEXT_MARK}{len(texts)}"
        texts.append(written)
        values.append(token.text)
        place = (token.line, token.col, token.start, token.end)
        tokens.append(type(token)(TokenType.STRING, number, *place))
    return tokens, tuple(texts), tuple(values)


def _parse_fault(error: Any, text: str) -> tuple[str, str]:
    detail = error.errors[0] if error.errors else {}
    line, column = detail.get("line") or 1, detail.get("col") or 1
    word = detail.get("highlight") or ""
    # sqlglot counts columns at the end of a word.
    place = _shown_place(text, line, max(1, column - max(len(word), 1) + 1))
    near = f" near {word!r}" if word and not word.isdigit() else ""
    return f"no SQL{near} ({place})", "; write an expression such as amount > 0"


def _place(text: str, start: int) -> str:
    before = text[:start]
    return _shown_place(text, before.count("\n") + 1, start - (before.rfind("\n") + 1) + 1)


def _shown_place(text: str, line: int, column: int) -> str:
    return f"line {line}, character {column}" if "\n" in text.strip() else f"character {column}"


def _check_depth(tree: exp.Expression) -> None:
    level, depth = [tree], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise _too_deep()
        level = [child for node in level for child in node.iter_expressions()]


def _too_deep() -> ExpressionRefused:
    do = "; compute parts of it in columns of their own, or write IN for many values"
    return ExpressionRefused(f"nested more than {MAX_DEPTH} deep", do)
