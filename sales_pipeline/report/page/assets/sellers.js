// The best sellers of a choice: products or categories, by units and by revenue.

function showProducts({ pair, measure, measureName, store, kind }) {
  const isHere = store === null || page.sold.products_by_store;
  const found = ranking(pair, measureName, kind, isHere ? store : null);
  const other = measureName === "revenue" ? "units" : "revenue";
  const word = { revenue: "revenue", units: "units" };
  byId("products-note").textContent = isHere
    ? `By ${word[measureName]}; the place by ${word[other]} stands beside it.`
    : "These are the best sellers of all stores: the page does not hold those of each.";
  const otherMeasure = MEASURES[other];
  const rows = found.rows.map((row) => ({
    cells: [
      { text: row.product.name, sub: row.product.category, tag: pair.before && row.rankBefore === null ? "new" : "" },
      String(row.rankBy[measureName]), measure.text(row.now), percent(row.share),
      percent(row.cumulative), row.abc,
      ...(pair.before ? [row.rankBefore === null ? "" : String(row.rankBefore), change(row.change, signedPercent(row.growth))] : []),
      otherMeasure.text(otherMeasure.shown(row.sold)), String(row.rankBy[other]),
    ],
  }));
  if (found.others) {
    const text = (each) => each.text(each.shown(found.others.sold));
    rows.push({
      kind: "others",
      cells: [found.others.product.name, "", text(measure), "", "", "", ...(pair.before ? ["", ""] : []), text(otherMeasure), ""],
    });
  }
  const figures = ["Place", measure.title, "Share", "Cumulated", "Class",
    ...(pair.before ? ["Place before", "Change %"] : []), otherMeasure.title, `Place by ${word[other]}`];
  showTable("products", {
    caption: `Best sellers by ${word[measureName]} in ${pair.name}`,
    columns: [{ header: NAMES[kind] }, ...figures.map((header) => ({ header, figure: header !== "Class" }))],
    rows, most: 20,
  });
  draw("products", unlike(found.rows.slice(0, TOP).map((row) => ({
    name: row.product.name, title: row.product.name, ...markOf(measure, row),
  }))));
  showDifferences(found, kind);
  const left = found.left.slice(0, TOP).map(({ product }) => product.name).join(", ");
  const more = found.left.length > TOP ? ` and ${number(found.left.length - TOP)} more` : "";
  put("leavers", found.left.length
    ? element("p", { class: "note" }, `Sold in ${pair.nameBefore} and not any more: ${left}${more}.`)
    : "");
}

const NAMES = { product: "Product", category: "Category" };

function showDifferences(found, kind) {
  const best = found.rows.filter(({ rankBy }) => Math.min(rankBy.units, rankBy.revenue) <= TOP);
  const apart = ({ rankBy }) => rankBy.units - rankBy.revenue;
  const rows = best.filter((row) => apart(row));
  rows.sort((a, b) => Math.abs(apart(b)) - Math.abs(apart(a)) || a.at - b.at);
  const say = (row) => {
    const places = Math.abs(apart(row));
    return `${places} ${places === 1 ? "place" : "places"} better by ${apart(row) > 0 ? "revenue" : "units"}`;
  };
  showTable("differ", {
    caption: "Best sellers whose places by units and by revenue differ, the furthest apart first",
    columns: [{ header: NAMES[kind] }, ...["By units", "Units", "By revenue", MEASURES.revenue.title].map((header) => ({ header, figure: true })), { header: "Difference" }],
    rows: rows.map((row) => ({
      cells: [{ text: row.product.name, sub: row.product.category }, String(row.rankBy.units),
        MEASURES.units.text(row.sold.units), String(row.rankBy.revenue),
        MEASURES.revenue.text(shownRevenue(row.sold)), say(row)],
    })),
    note: rows.length ? "" : "There are none.", most: TOP,
  });
}
