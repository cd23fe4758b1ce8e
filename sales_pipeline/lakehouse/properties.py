"""The properties of tables: format, base currency, and for how long versions are kept.

`ops.runs`, the last table that is made, has the format and the base currency that the lakehouse
was made with. Every table says for how long its earlier versions are kept.
"""

from __future__ import annotations

from collections.abc import Mapping

from sales_pipeline.config.model import Declaration
from sales_pipeline.errors import LakehouseMismatch
from sales_pipeline.lakehouse.tables import FORMAT_VERSION

_FORMAT = "sales_pipeline.format"
_ON_ITS_WAY_OUT = "sales_pipeline.removed"
_CURRENCY = "sales_pipeline.base_currency"
_KEPT_FOR = ("delta.deletedFileRetentionDuration", "delta.logRetentionDuration")
_LOG_CLEANUP = "delta.enableExpiredLogCleanup"


def properties_made_with(declaration: Declaration) -> dict[str, str]:
    """Returns the properties of a lakehouse that never change."""
    return {_FORMAT: str(FORMAT_VERSION), _CURRENCY: declaration.base_currency}


def properties_kept(declaration: Declaration, *, has_folder: bool) -> dict[str, str]:
    """Returns the properties of every table about its earlier versions, as declared now.

    Args:
        declaration: What the retailer declares.
        has_folder: Whether the tables lie in a folder. There a log is shortened by nothing but
            maintenance, which knows what readers still need; in a catalog nobody else can.
    """
    interval = f"interval {declaration.keep_days} days"
    return dict.fromkeys(_KEPT_FOR, interval) | {_LOG_CLEANUP: str(not has_folder).lower()}


def check_properties(found: Mapping[str, str], declaration: Declaration) -> None:
    """Checks that a lakehouse can be read by this version, and fits the declaration.

    Raises:
        LakehouseMismatch: Another format, or another base currency, or a reset is on its way.
    """
    if _ON_ITS_WAY_OUT in found:
        raise LakehouseMismatch("lakehouse: a reset did not finish. Do: sales-pipeline reset")
    if found.get(_FORMAT) != str(FORMAT_VERSION):
        check_not_newer(found)
        raise _other_format(
            found,
            "use the version that made it, or sales-pipeline reset and then run, which takes "
            "every delivered file in again",
        )
    currency, declared = found.get(_CURRENCY), declaration.base_currency
    if currency != declared:
        raise LakehouseMismatch(
            f"lakehouse: made with base currency {currency}, the declaration says {declared}. "
            f"Do: keep {currency}, or make a new lakehouse."
        )


def properties_when_removed() -> dict[str, str]:
    """Returns the property of the last table while all others are removed."""
    return {_ON_ITS_WAY_OUT: "true"}


def check_not_newer(found: Mapping[str, str]) -> None:
    """Checks that a lakehouse is not of a later format, of which nothing is known here.

    Raises:
        LakehouseMismatch: It is.
    """
    format_ = found.get(_FORMAT, "")
    if format_.isdecimal() and int(format_) > FORMAT_VERSION:
        raise _other_format(found, "use the version that made it, or a later one")


def _other_format(found: Mapping[str, str], do: str) -> LakehouseMismatch:
    format_ = f"has format {found[_FORMAT]}" if _FORMAT in found else "does not say its format"
    return LakehouseMismatch(
        f"lakehouse: {format_}, this version of sales-pipeline reads {FORMAT_VERSION}. Do: {do}."
    )
