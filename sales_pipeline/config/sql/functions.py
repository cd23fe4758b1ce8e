"""The functions that declared SQL may call, as data, and why it may not call others.

Each looks at one record, gives the same result whenever it is asked, and is there on every
engine under the same name: each was tried on Sail 0.7.2 and is documented for Spark 4.0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from sales_pipeline.config.sql.kinds import BOOLEAN, DOUBLE, INT, NULL, TEXT, TIMESTAMP, Kind
from sales_pipeline.config.sql.operands import Operand, as_date, checked, plain
from sales_pipeline.config.sql.parsing import ExpressionRefused

# name(parameters) result. A parameter may be left out where `?` follows, and repeated where `*`
# does. `text` takes numbers and days, too, as text; `literal`, `size`, `place`, `regex`, `group`,
# `pattern` and `bits` are constants: what an engine makes of a wrong one would depend on the data.
_SIGNATURES = """
ascii(text) integer
base64(text) text
bit_length(text) integer
btrim(text, text?) text
char_length(text) integer
character_length(text) integer
concat(text*) text
concat_ws(text, texts*) text
contains(text, text) boolean
crc32(text) bigint
endswith(text, text) boolean
find_in_set(text, text) integer
get_json_object(text, literal) text
initcap(text) text
instr(text, text) integer
lcase(text) text
left(text, integer) text
len(text) integer
length(text) integer
levenshtein(text, text) integer
locate(text, text, size?) integer
lower(text) text
lpad(text, size, text?) text
ltrim(text) text
luhn_check(text) boolean
md5(text) text
octet_length(text) integer
position(text, text) integer
regexp_count(text, regex) integer
regexp_extract(text, regex, group?) text
regexp_instr(text, regex) integer
regexp_like(text, regex) boolean
regexp_replace(text, regex, literal) text
regexp_substr(text, regex) text
replace(text, text, text?) text
right(text, integer) text
rlike(text, regex) boolean
rpad(text, size, text?) text
rtrim(text) text
sha1(text) text
sha2(text, bits) text
soundex(text) text
split(text, regex, size?) texts
split_part(text, text, place) text
startswith(text, text) boolean
substr(text, integer, count?) text
substring(text, integer, count?) text
substring_index(text, text, integer) text
translate(text, text, text) text
trim(text) text
ucase(text) text
upper(text) text
xxhash64(text*) bigint

exp(number) double
isnan(double) boolean
ln(number) double
log10(number) double
pow(number, number) double
power(number, number) double
sign(number) double
signum(number) double
sqrt(number) double

datediff(date, date) integer
date_diff(date, date) integer
date_format(moment, pattern) text
day(moment) integer
dayofmonth(moment) integer
dayofweek(date) integer
dayofyear(date) integer
hour(timestamp) integer
last_day(date) date
minute(timestamp) integer
month(moment) integer
quarter(date) integer
second(timestamp) integer
unix_date(date) integer
weekday(date) integer
weekofyear(date) integer
year(moment) integer

array_compact(list) list
array_contains(list, any) boolean
array_distinct(list) list
array_join(texts, text, text?) text
array_max(list) element
array_min(list) element
array_position(list, any) integer
array_remove(list, any) list
array_size(list) integer
array_sort(list) list
arrays_overlap(list, list) boolean
cardinality(list) integer
size(list) integer
sort_array(list) list

equal_null(any, any) boolean
isnotnull(any) boolean
isnull(any) boolean
"""

_OTHER_RECORDS = "looks at other records"
_NOT_TWICE = "is not the same twice"
_SURROUNDINGS = "depends on where and by whom it is run"
_SEVERAL = "makes several records of one"
_OUTSIDE = "runs code or reads data outside the record"
_MEMORY = "can grow beyond any memory"

_REASONS: Mapping[str, str] = {
    _OTHER_RECORDS: """
        any any_value approx_count_distinct approx_percentile array_agg avg bit_and bit_or bit_xor
        bool_and bool_or collect_list collect_set corr count count_if count_min_sketch covar_pop
        covar_samp cume_dist dense_rank every first first_value grouping grouping_id
        histogram_numeric kurtosis lag last last_value lead listagg max max_by mean median min
        min_by mode nth_value ntile percent_rank percentile percentile_approx percentile_cont
        percentile_disc rank regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope
        regr_sxx regr_sxy regr_syy row_number skewness some std stddev stddev_pop stddev_samp
        string_agg sum try_avg try_sum var_pop var_samp variance hll_sketch_agg bitmap_or_agg""",
    _NOT_TWICE: """
        curdate current_date current_time current_timestamp localtimestamp
        monotonically_increasing_id now rand randn random randstr shuffle spark_partition_id
        uniform unix_timestamp uuid from_unixtime""",
    _SURROUNDINGS: """
        current_catalog current_database current_role current_schema current_timezone current_user
        getdatabricksruntimeversion input_file_block_length input_file_block_start
        input_file_name session_user user version""",
    _SEVERAL: """
        explode explode_outer inline inline_outer json_tuple posexplode posexplode_outer stack
        variant_explode variant_explode_outer""",
    _OUTSIDE: """
        ai_query assert_true http_request java_method raise_error read_files reflect secret sql
        try_reflect try_secret""",
    _MEMORY: "array_repeat repeat sequence space",
}  # fmt: skip
REFUSED = {name: why for why, names in _REASONS.items() for name in names.split()}
"""Known functions that no declared SQL may call -> why."""


@dataclass(frozen=True)
class Function:
    """A function by its signature.

    Attributes:
        name: The name.
        parameters: What each parameter takes, without its mark.
        required: How many have to be given.
        repeats: Whether the last may be given more than once.
        result: What it gives.
    """

    name: str
    parameters: tuple[str, ...]
    required: int
    repeats: bool
    result: str


@cache
def functions() -> Mapping[str, Function]:
    """Returns the functions that are described by their signature alone."""
    described = map(_function, filter(None, _SIGNATURES.splitlines()))
    return {function.name: function for function in described}


def _function(line: str) -> Function:
    name, _, rest = line.partition("(")
    written, _, result = rest.partition(") ")
    marked = written.split(", ")
    return Function(
        name=name,
        parameters=tuple(parameter.rstrip("?*") for parameter in marked),
        required=sum(not parameter.endswith("?") for parameter in marked),
        repeats=marked[-1].endswith("*"),
        result=result,
    )


MAX_SIZE = 10_000
"""The longest text that a function may fill up to."""

_PATTERN = re.compile(
    "(?:y{4}|y{2}|M{1,4}|d{1,2}|H{1,2}|h{1,2}|m{1,2}|s{1,2}|S{1,6}|E{1,4}|a|'[^']*'|[^A-Za-z'])+"
)
_LIMITS = {"size": (0, MAX_SIZE), "group": (0, 99)}
_CONSTANTS = ("literal", "regex", "pattern", "bits", "place", *_LIMITS)
_BITS = ("0", "224", "256", "384", "512")


def taken(name: str, argument: Operand, parameter: str) -> Operand:
    """Returns an argument as a parameter takes it."""
    if parameter in _CONSTANTS:
        return constant(name, argument, parameter)
    if argument.kind == NULL or parameter == "any":
        return argument
    if parameter in ("integer", "count"):
        return whole_number(name, argument, is_count=parameter == "count")
    if parameter == "date":
        return as_date(argument, name)
    if parameter == "moment" and argument.kind != TIMESTAMP:
        return as_date(argument, name)
    is_list = argument.kind.name == "list"
    fits = {
        "text": not is_list,
        "texts": not is_list or argument.kind.element == TEXT,
        "list": is_list,
        "number": argument.kind.is_number,
        "double": argument.kind == DOUBLE,
        "boolean": argument.kind == BOOLEAN,
        "timestamp": argument.kind == TIMESTAMP,
    }.get(parameter, True)
    if not fits:
        wanted = Kind("decimal" if parameter == "number" else parameter).noun
        do = "; make it one, such as TRY_CAST(quantity AS DECIMAL(18,3))"
        do = do if parameter == "number" else "; give it one"
        raise ExpressionRefused(f"{argument.kind.noun} where {name} takes {wanted}", do)
    return argument


def constant(name: str, argument: Operand, parameter: str) -> Operand:
    """Returns a constant if it is in the limits of a parameter."""
    value = argument.constant
    if value is None:
        what = f"a changing value where {name} takes a constant"
        raise ExpressionRefused(what, "; write the text or number itself")
    is_text = argument.kind == TEXT
    if parameter in ("literal", "regex"):
        fits, do = is_text, "; write a text in quotes"
    elif parameter == "pattern":
        fits = is_text and _PATTERN.fullmatch(value) is not None
        do = "; write a pattern of yyyy, MM, dd, HH, mm and ss, such as 'dd/MM/yyyy'"
    elif parameter == "bits":
        fits, do = value in _BITS, f"; write one of {', '.join(_BITS)}"
    elif parameter == "place":
        fits = argument.kind.name == "integer" and int(value) != 0 and abs(int(value)) <= MAX_SIZE
        do = "; write a whole number that is not 0"
    else:
        low, high = _LIMITS[parameter]
        fits = argument.kind.name == "integer" and low <= int(value) <= high
        do = f"; write a whole number from {low} to {high}"
    if not fits:
        raise ExpressionRefused(f"{name} does not take {value[:40]!r}", do)
    return argument


def whole_number(name: str, argument: Operand, *, is_count: bool = False) -> Operand:
    """Returns a whole number as an INT, as functions of Spark take them."""
    if argument.kind.name != "integer":
        what = f"{argument.kind.noun} where {name} takes a whole number"
        raise ExpressionRefused(what, "; CAST it AS INT")
    if argument.constant is not None and argument.kind.digits < INT.digits:
        whole = argument
    elif argument.kind.digits <= INT.digits:
        whole = plain(f"TRY_CAST({argument.sql} AS INT)", INT, [argument])
    else:
        whole = checked(f"TRY_CAST({argument.sql} AS INT)", INT, [argument])
    if not is_count or int(whole.constant or -1) >= 0:
        return whole
    # Sail fails on a negative length, Spark takes it as 0.
    return plain(f"CASE WHEN {whole.sql} < 0 THEN 0 ELSE {whole.sql} END", INT, [whole])
