"""Writes a parsed expression anew, part by part: what is not known here is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sales_pipeline.config.sql.calls import called, known_names
from sales_pipeline.config.sql.functions import REFUSED
from sales_pipeline.config.sql.kinds import BOOLEAN, NULL, TEXT, TYPE_NAMES, Kind, type_of
from sales_pipeline.config.sql.operands import Operand, cast, number_constant, plain
from sales_pipeline.config.sql.operators import (
    arithmetic,
    chosen,
    comparison,
    either,
    inverted,
    joined_texts,
    membership,
    negated,
)
from sales_pipeline.config.sql.parsing import (
    ONE_RECORD,
    TEXT_MARK,
    ExpressionRefused,
    Parsed,
    unknown_name,
)
from sales_pipeline.config.sql.special_functions import element

if TYPE_CHECKING:
    from sqlglot import exp


@dataclass
class Writer:
    """Writes an expression anew, part by part, from its tree."""

    parsed: Parsed
    columns: Mapping[str, Kind]
    named: dict[str, None] = field(default_factory=dict)
    variables: dict[str, Kind] = field(default_factory=dict)

    def written(self, node: Any) -> Operand:
        """Returns a part of the tree without errors.

        Raises:
            ExpressionRefused: It is none that declared SQL may have.
        """
        name = type(node).__name__
        write = getattr(self, f"_{name.lower()}", None)
        unread = {key for key, part in node.args.items() if part not in (None, False, [])}
        if unread - _READ_PARTS:
            raise self.parsed.refusal(node)
        if name in _COMPARISONS:
            return comparison(_COMPARISONS[name], *self._sides(node))
        if name in _ARITHMETIC:
            return arithmetic(_ARITHMETIC[name], *self._sides(node))
        if name in _MATCHES:
            return self._matched(node, _MATCHES[name])
        if write is None:
            raise self.parsed.refusal(node)
        written: Operand = write(node)
        return written

    def _sides(self, node: exp.Expression) -> tuple[Operand, Operand]:
        return self.written(node.this), self.written(node.expression)

    def _column(self, node: exp.Column) -> Operand:
        if node.args.get("table") is not None:
            what = f"{node.table}.{node.name}{self.parsed.at(node.table)} names a table"
            raise ExpressionRefused(what, "; write the column's name alone")
        return self._identifier(node.this)

    def _identifier(self, node: exp.Identifier) -> Operand:
        name = str(node.name)
        for variable, kind in self.variables.items():
            if variable.lower() == name.lower():
                return Operand(variable, kind)
        for column, kind in self.columns.items():
            if column.lower() == name.lower():
                self.named[column] = None
                return Operand(f"`{column}`", kind)
        if name.lower() in REFUSED and not node.args.get("quoted"):
            raise self._function_refused(name)
        raise unknown_name("column", name, list(self.columns), self.parsed.at(name))

    def _function_refused(self, name: str) -> ExpressionRefused:
        what = f"{name}(){self.parsed.at(name)} {REFUSED[name.lower()]}"
        return ExpressionRefused(what, ONE_RECORD)

    def _anonymous(self, node: exp.Anonymous) -> Operand:
        name = str(node.this).lower()
        if name in REFUSED:
            raise self._function_refused(str(node.this))
        if name in _LAMBDAS:
            return self._with_lambda(name, node)
        if name not in known_names():
            at = self.parsed.at(str(node.this))
            if name in TYPE_NAMES:
                do = f"; write CAST(… AS {name.upper()}), or TRY_CAST"
                raise ExpressionRefused(f"the type {name}{at} called as a function", do)
            raise unknown_name("function", str(node.this), known_names(), at)
        arguments = [self.written(argument) for argument in node.expressions]
        try:
            return called(name, arguments)
        except ExpressionRefused as error:
            raise ExpressionRefused(error.what + self.parsed.at(name), error.do) from None

    def _with_lambda(self, name: str, node: exp.Anonymous) -> Operand:
        from sqlglot import exp

        parts = node.expressions
        if len(parts) != 2 or not isinstance(parts[1], exp.Lambda):
            if any(isinstance(part, exp.Query) for part in parts):
                raise self.parsed.refusal(node)
            do = f"; write {name}(split(label, '/'), x -> x <> '')"
            raise ExpressionRefused(f"{name} without a list and a lambda", do)
        values, function = self.written(parts[0]), parts[1]
        names = [str(variable.name) for variable in function.expressions]
        if values.kind.name != "list" or len(names) != 1 or not self._is_new_name(names[0]):
            do = "; write one such as x -> x <> '', with a name that is new"
            raise ExpressionRefused(f"{name} takes a list and a lambda of one variable", do)
        self.variables[names[0]] = values.kind.element or NULL
        body = self.written(function.this)
        del self.variables[names[0]]
        if body.failed:
            do = "; write a form that gives NULL, such as TRY_CAST or try_divide"
            raise ExpressionRefused("an operation in a lambda that can fail", do)
        sql = f"{name}({values.sql}, {names[0]} -> {body.sql})"
        if name == "transform":
            return plain(sql, Kind("list", element=body.kind), [values])
        either(name, [body])  # refuses what is no condition
        return plain(sql, values.kind if name == "filter" else BOOLEAN, [values])

    def _is_new_name(self, name: str) -> bool:
        taken = {known.lower() for known in (*self.columns, *self.variables)}
        return name.lower() not in taken and _NAME.fullmatch(name) is not None

    def _literal(self, node: exp.Literal) -> Operand:
        if node.is_string:
            if not str(node.this).startswith(TEXT_MARK):
                raise ExpressionRefused(f"the number {node.this}", "; write it without letters")
            number = int(str(node.this).removeprefix(TEXT_MARK))
            return Operand(self.parsed.texts[number], TEXT, constant=self.parsed.values[number])
        return number_constant(str(node.this))

    def _boolean(self, node: exp.Boolean) -> Operand:
        return Operand("TRUE" if node.this else "FALSE", BOOLEAN)

    def _null(self, _: exp.Null) -> Operand:
        return Operand("NULL", NULL)

    def _paren(self, node: exp.Paren) -> Operand:
        return self.written(node.this)

    def _neg(self, node: exp.Neg) -> Operand:
        return negated(self.written(node.this))

    def _not(self, node: exp.Not) -> Operand:
        return inverted(self.written(node.this))

    def _and(self, node: exp.And) -> Operand:
        return either("AND", [self.written(part) for part in node.flatten()])

    def _or(self, node: exp.Or) -> Operand:
        return either("OR", [self.written(part) for part in node.flatten()])

    def _dpipe(self, node: exp.DPipe) -> Operand:
        return joined_texts(*self._sides(node))

    def _is(self, node: exp.Is) -> Operand:
        from sqlglot import exp

        tested, against = self.written(node.this), node.expression
        if isinstance(against, exp.Null):
            return plain(f"({tested.sql} IS NULL)", BOOLEAN, [tested])
        if isinstance(against, exp.Boolean):
            condition = either("IS", [tested])
            truth = "TRUE" if against.this else "FALSE"
            return plain(f"coalesce({condition.sql} = {truth}, FALSE)", BOOLEAN, [tested])
        raise ExpressionRefused("IS with a value", "; write = or <=>")

    def _nullsafeneq(self, node: exp.NullSafeNEQ) -> Operand:
        return inverted(comparison("<=>", *self._sides(node)))

    def _in(self, node: exp.In) -> Operand:
        if not node.expressions:
            raise self.parsed.refusal(node)
        choices = [self.written(choice) for choice in node.expressions]
        return membership(self.written(node.this), choices)

    def _between(self, node: exp.Between) -> Operand:
        value = self.written(node.this)
        low, high = self.written(node.args["low"]), self.written(node.args["high"])
        return either("AND", [comparison(">=", value, low), comparison("<=", value, high)])

    def _matched(self, node: exp.Expression, operator: str) -> Operand:
        text, pattern = self._sides(node)
        if pattern.kind != TEXT or pattern.constant is None:
            what = f"{operator} with a pattern that is no constant"
            raise ExpressionRefused(what, "; write a text in quotes, or contains(…, …)")
        if operator != "RLIKE" and _ends_in_escape(pattern.constant):
            raise ExpressionRefused(f"{operator} with a pattern that ends in a backslash",
                                    "; write two for one")  # fmt: skip
        return plain(f"({text.sql} {operator} {pattern.sql})", BOOLEAN, [text])

    def _case(self, node: exp.Case) -> Operand:
        operand = self.written(node.this) if node.this is not None else None
        branches = []
        for branch in node.args["ifs"]:
            condition = self.written(branch.this)
            if operand is not None:
                condition = comparison("=", operand, condition)
            branches.append((condition, self.written(branch.args["true"])))
        default = node.args.get("default")
        return chosen(branches, self.written(default) if default is not None else None)

    def _cast(self, node: exp.Cast) -> Operand:
        if node.args.get("format") is not None:
            raise ExpressionRefused("CAST with a format", "; write to_date(…, 'dd/MM/yyyy')")
        return cast(self.written(node.this), *type_of(node.to))

    def _trycast(self, node: exp.TryCast) -> Operand:
        operand = self.written(node.this)
        result = cast(operand, *type_of(node.to))
        return Operand(result.sql, result.kind, operand.failed)

    def _bracket(self, node: exp.Bracket) -> Operand:
        if len(node.expressions) != 1:
            raise self.parsed.refusal(node)
        return element(self.written(node.this), self.written(node.expressions[0]))

    def _trim(self, node: exp.Trim) -> Operand:
        text, marks = self.written(node.this), node.args.get("expression")
        position = str(node.args.get("position") or "BOTH").upper()
        if marks is None and not node.args.get("position"):
            return called("trim", [text])
        parts = [text] if marks is None else [self.written(marks), text]
        called("concat", parts)  # refuses what is no text
        inner = " FROM ".join(part.sql for part in parts)
        inner = inner if marks is not None else f"FROM {inner}"
        return plain(f"trim({position} {inner})", TEXT, parts)

    def _substring(self, node: exp.Substring) -> Operand:
        parts = [node.this, node.args.get("start"), node.args.get("length")]
        return called("substring", [self.written(part) for part in parts if part is not None])

    def _strposition(self, node: exp.StrPosition) -> Operand:
        parts = [self.written(node.args["substr"]), self.written(node.this)]
        further = node.args.get("position")
        if further is not None:
            return called("locate", [*parts, self.written(further)])
        return called("position", parts)

    def _extract(self, node: exp.Extract) -> Operand:
        unit = str(node.this.name).lower()
        if unit not in _EXTRACTED:
            what = f"EXTRACT({unit.upper()} FROM …)"
            raise ExpressionRefused(what, f"; write one of {', '.join(_EXTRACTED).upper()}")
        return called(unit, [self.written(node.expression)])


_COMPARISONS = {"EQ": "=", "NEQ": "<>", "GT": ">", "GTE": ">=", "LT": "<", "LTE": "<=",
                "NullSafeEQ": "<=>"}  # fmt: skip
_ARITHMETIC = {"Add": "+", "Sub": "-", "Mul": "*", "Div": "/", "Mod": "%", "IntDiv": "DIV"}
_MATCHES = {"Like": "LIKE", "ILike": "ILIKE", "RegexpLike": "RLIKE"}
_READ_PARTS = {
    "this", "expression", "expressions", "ifs", "default", "true", "false", "low", "high", "to",
    "position", "substr", "start", "length", "quoted", "is_string", "typed", "safe", "table", "db",
    "format",
}  # fmt: skip
"""The parts of a node that are read; one with others means more than is written anew."""
_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]*")
_EXTRACTED = ("year", "quarter", "month", "day", "hour", "minute", "second")
_LAMBDAS = ("transform", "filter", "exists", "forall")


def _ends_in_escape(pattern: str) -> bool:
    return (len(pattern) - len(pattern.rstrip("\\"))) % 2 == 1
