"""The charts of the page as Vega-Lite specifications, without data, which `view.js` adds.

A chart of lines one below the other says how high one is; `view.js` knows how many there are.
Every value that a chart shows on hover is text that the page has computed exactly; the numbers
that marks are placed by are for the eye only. Colours are variables of the page's style sheet, so
that the same chart stands in a light and in a dark page, and on paper.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sales_pipeline.errors import ExtraMissing

_NOW, _BEFORE, _GAIN, _LOSS = "var(--now)", "var(--before)", "var(--gain)", "var(--loss)"
_AMOUNT = "datum.value == 0 ? '0' : format(datum.value, '~s')"
_CONFIG: dict[str, Any] = {
    "background": None,
    "font": "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif",
    "view": {"stroke": None},
    "axis": {
        "labelColor": "var(--quiet)",
        "titleColor": "var(--quiet)",
        "gridColor": "var(--line)",
        "domainColor": "var(--line)",
        "labelFontSize": 12,
        "ticks": False,
        "labelPadding": 6,
        "title": None,
    },
    "axisY": {"domain": False},
    "scale": {"bandPaddingInner": 0.3},
}


def charts() -> dict[str, dict[str, Any]]:
    """Returns the specification of each chart by its name; its data is called `rows`.

    Raises:
        ExtraMissing: The extra that the page needs is not installed.
    """
    altair, _ = chart_libraries()
    return {
        "periods": _spec(_beside_before(altair, "period", across=True), height=260),
        "stores": _spec(_beside_before(altair, "name", across=False), height={"step": 34}),
        "products": _spec(_beside_before(altair, "name", across=False), height={"step": 30}),
        "currency": _spec(_growth(altair), height=220),
        "moved": _spec(_steps(altair), height={"step": 32}),
    }


@cache
def scripts() -> str:
    """Returns the charts' own scripts: Vega, Vega-Lite and Vega-Embed, as `window.draw`.

    Raises:
        ExtraMissing: The extra that the page needs is not installed.
    """
    altair, vl_convert = chart_libraries()
    version = altair.SCHEMA_VERSION.lstrip("v").rpartition(".")[0]
    bundle: str = vl_convert.javascript_bundle("window.draw = vegaEmbed;", vl_version=version)
    return bundle


def chart_libraries() -> tuple[Any, Any]:
    """Returns Altair, which writes the specifications, and what has its scripts.

    Raises:
        ExtraMissing: The extra that the page needs is not installed.
    """
    try:
        import altair
        import vl_convert
    except ImportError as error:
        raise ExtraMissing("report", str(error.name), needed_by="the page") from error
    return altair, vl_convert


def _spec(chart: Any, *, height: int | dict[str, int]) -> dict[str, Any]:
    fit = {"type": "fit", "contains": "padding"}
    sized = chart.properties(width="container", height=height, autosize=fit)
    spec: dict[str, Any] = sized.to_dict() | {"config": _CONFIG}
    return spec


def _texts(altair: Any, **titles: str) -> Sequence[Any]:
    return [altair.Tooltip(f"{name}:N", title=title) for name, title in titles.items()]


def _beside_before(altair: Any, label: str, *, across: bool) -> Any:
    """Bars of this period in front of bars of the compared one, across or down the chart."""
    name, figure = ("x", "y") if across else ("y", "x")
    kinds = {"x": altair.X, "y": altair.Y}
    axis = altair.Axis(labelAngle=0, labelOverlap=True) if across else altair.Axis(labelLimit=180)
    amounts = altair.Axis(tickCount=5, labelExpr=_AMOUNT)
    base = altair.Chart(altair.NamedData("rows")).encode(
        **{name: kinds[name](f"{label}:O", sort=None, axis=axis)},
        tooltip=_texts(
            altair, title=" ", now="This period", before="Before", change="Change", growth="Growth"
        ),
    )
    before = base.mark_bar(color=_BEFORE, cornerRadiusEnd=2).encode(
        **{figure: kinds[figure]("size_before:Q", axis=amounts)}
    )
    width = {"band": 0.55}
    now = base.mark_bar(
        color=_NOW, cornerRadiusEnd=2, **({"width": width} if across else {"height": width})
    ).encode(**{figure: kinds[figure]("size:Q", axis=amounts)})
    return before + now


def _growth(altair: Any) -> Any:
    """Local growth and what exchange rates changed, upwards and downwards from nothing."""
    colours = altair.Scale(
        domain=["Local growth", "Exchange rates"], range=[_NOW, "var(--currency)"]
    )
    amounts = altair.Axis(tickCount=5, labelExpr=_AMOUNT)
    return (
        altair.Chart(altair.NamedData("rows"))
        .mark_bar(cornerRadiusEnd=2)
        .encode(
            x=altair.X("period:O", sort=None, axis=altair.Axis(labelAngle=0, labelOverlap=True)),
            y=altair.Y("size:Q", axis=amounts),
            color=altair.Color("part:N", scale=colours, legend=None),
            tooltip=_texts(altair, title=" ", part="Part", shown="Amount"),
        )
    )


def _steps(altair: Any) -> Any:
    """A waterfall: from the revenue before over each cause to the revenue now."""
    colours = altair.Scale(domain=["total", "gain", "loss"], range=["var(--total)", _GAIN, _LOSS])
    amounts = altair.Axis(tickCount=5, labelExpr="format(datum.value, '~s')")
    return (
        altair.Chart(altair.NamedData("rows"))
        .mark_bar(cornerRadius=2, height={"band": 0.8})
        .encode(
            y=altair.Y("cause:O", sort=None, axis=altair.Axis(labelLimit=180)),
            x=altair.X("start:Q", axis=amounts, scale=altair.Scale(zero=False)),
            x2="end:Q",
            color=altair.Color("kind:N", scale=colours, legend=None),
            tooltip=_texts(altair, cause=" ", shown="Amount"),
        )
    )
