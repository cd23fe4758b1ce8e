// Shows what a reader chose: reads the controls, fills every section, draws the charts.

const CHARTS = JSON.parse(byId("charts").textContent);
const FEW = 15;
const TOP = 10;
/** The height of an axis with its labels. */
const AXIS = 30;
const views = {};
const drawings = {};

const number = (count) => grouped(BigInt(count));

/** The choice that the controls show. */
function chosen() {
  const store = byId("store").value === "" ? null : Number(byId("store").value);
  const [first, last] = [Number(byId("first").value), Number(byId("last").value)];
  const months = page.months.slice(first, last + 1);
  const [from, to] = [months[0], months[months.length - 1]].map((month) => page.spans[month.span].name);
  const name = from === to ? from : `${from} to ${to}`;
  const measureName = document.querySelector("[name=measure]:checked").value;
  return {
    store, months, measureName, measure: MEASURES[measureName], by: byId("by").value,
    pair: pairOf(name, months),
  };
}

function render() {
  const choice = chosen();
  const whose = choice.store === null ? "All stores" : stores[choice.store].name;
  const against = choice.pair.before ? `compared with ${choice.pair.nameBefore}` : "nothing to compare with";
  byId("summary").textContent = `${whose}, ${choice.pair.name}, ${against}.`;
  showHeadline(choice);
  showPeriods(choice);
  showStores(choice);
  showProducts(choice);
  showLikeForLike(choice);
  showCurrency(choice);
  showMoved(choice);
  for (const key of document.querySelectorAll(".key.year")) key.hidden = !choice.pair.before;
  pressRanges();
}

function showHeadline({ pair, store }) {
  const found = compared(pair, store);
  const { revenue, units } = MEASURES;
  const of = (measure) => changed(measure, found.now, found.before);
  const details = (row, measure) => row.before === null ? [{ text: "no year before" }] : [
    { text: [signedPercent(row.growth), measure.signed(row.change)].filter(Boolean).join("  "), tone: tone(row.change) },
    { text: `before ${measure.text(row.before)}` },
  ];
  const counts = {
    shown: (sold) => sold.sales, exact: (sold) => fraction(sold.sales), text: grouped, signed,
  };
  const returns = { ...revenue, shown: (sold) => halfUp(scaled(sold.returned, scales.revenue), SHOWN_DECIMALS), exact: (sold) => scaled(sold.returned, scales.revenue) };
  const alike = likeForLike(pair, revenue, store).find((group) => group.name === "comparable");
  const [net, sold, counted, back] = [of(revenue), of(units), of(counts), of(returns)];
  const gross = minus(exactRevenue(found.now), returns.exact(found.now));
  const given = percent(share(scaled(-found.now.returned, scales.revenue), gross)) || "0.0%";
  put("headline", ...[
    { title: "Revenue", figure: revenue.text(net.now), unit: page.currency, details: details(net, revenue) },
    found.before ? {
      title: "At constant exchange rates", figure: signedPercent(found.localGrowth) || "no growth",
      details: [
        { text: `${revenue.signed(found.shownLocal)} local growth` },
        { text: `${revenue.signed(found.shownRates)} exchange rates` },
      ],
    } : null,
    found.before ? {
      title: "Like for like", figure: alike ? signedPercent(alike.growth) || "no growth" : "no store",
      details: alike ? [
        { text: `${revenue.signed(alike.change)} on ${revenue.text(alike.before)}` },
        { text: `${number(alike.stores)} comparable ${alike.stores === 1 ? "store" : "stores"}` },
      ] : [],
    } : null,
    { title: "Units", figure: units.text(sold.now), details: details(sold, units) },
    { title: "Sales and returns", figure: grouped(counted.now), details: details(counted, counts) },
    {
      title: "Returns", figure: revenue.text(back.now),
      details: [{ text: `${given} of ${revenue.text(net.now - back.now)} before returns` }],
    },
    {
      title: "Not counted yet", figure: number(page.waiting),
      details: [{ text: page.waiting === 1 ? "record in quarantine" : "records in quarantine" }],
    },
  ].filter(Boolean).map(card));
}

/** The headers of a figure beside the compared one, and the cells of a row of it. */
const headersOf = (measure) => [measure.title, "Before", "Change", "Change %"].map((header) => ({ header, figure: true }));
const cellsOf = (measure, row) => row.before === null
  ? [measure.text(row.now), "", "", ""]
  : [
    measure.text(row.now), measure.text(row.before), change(row.change, measure.signed(row.change)),
    change(row.change, signedPercent(row.growth)),
  ];

/** What a chart shows of a figure beside the compared one. */
const markOf = (measure, row) => ({
  now: measure.text(row.now), size: size(row.now, measure.decimals),
  before: row.before === null ? "none" : measure.text(row.before),
  size_before: row.before === null ? 0 : size(row.before, measure.decimals),
  change: row.change === null ? "" : measure.signed(row.change), growth: signedPercent(row.growth),
});

const WORDS = { month: "Month", quarter: "Quarter", year: "Year" };

function showPeriods({ pair, measure, months, by: length, store, measureName }) {
  const pairs = pairsBy(length, months);
  const soldIn = (spans) => spans && total(sums(storeRows, spans, "currency", store));
  const rows = pairs.map((each) => ({
    ...each, ...changed(measure, soldIn(each.now), soldIn(each.before)),
    label: each.isOver ? each.name : `${each.name}*`,
  }));
  const all = changed(measure, soldIn(pair.now), soldIn(pair.before));
  const word = measureName === "revenue" ? "Revenue" : "Units";
  byId("periods-title").textContent = `${word} by ${length}`;
  const open = rows.find((row) => !row.isOver);
  byId("periods-before").hidden = !rows.some((row) => row.before !== null);
  showTable("periods", {
    caption: `${word} by ${length}, with the year before`,
    columns: [{ header: WORDS[length] }, ...headersOf(measure)],
    rows: [
      ...rows.map((row) => ({ cells: [row.label, ...cellsOf(measure, row)] })),
      { kind: "total", cells: ["Total", ...cellsOf(measure, all)] },
    ],
    note: open ? `* not over: ${open.first} to ${open.last}, compared with the same days.` : "",
  });
  draw("periods", rows.map((row) => ({
    period: row.label, title: row.nameBefore ? `${row.name} / ${row.nameBefore}` : row.name,
    ...markOf(measure, row),
  })));
}

function showStores({ pair, measure, store }) {
  const found = storesCompared(pair, measure);
  const ifCompared = (...cells) => (pair.before ? cells : []);
  const [figure, ...headers] = headersOf(measure);
  const row = (name, rank, each) => {
    const [now, ...before] = cellsOf(measure, each);
    return [name, rank, now, each.share ?? "", ...ifCompared(...before, each.trading ?? "")];
  };
  showTable("stores", {
    caption: `Stores in ${pair.name}, the best first`,
    columns: [{ header: "Store" }, { header: "Place", figure: true }, figure,
      { header: "Share", figure: true }, ...ifCompared(...headers, { header: "Traded" })],
    rows: [
      ...found.rows.map((each) => ({
        kind: each.at === store ? "chosen" : each.store.stores > 1 ? "others" : null,
        cells: row({ text: each.store.name, sub: each.store.place }, String(each.rank ?? ""), each),
      })),
      { kind: "total", cells: row("Total", "", found.total) },
    ],
    note: pair.before ? "" : "Gold has no year before this range, so nothing is compared.",
    most: 25,
  });
  draw("stores", unlike(found.rows.slice(0, FEW).map((row) => ({
    name: row.store.name, title: row.store.name, ...markOf(measure, row),
  }))));
}

function showProducts({ pair, measure, measureName, store }) {
  const isHere = store === null || page.sold.products_by_store;
  const found = ranking(pair, measureName, isHere ? store : null);
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
    columns: [{ header: "Product" }, ...figures.map((header) => ({ header, figure: header !== "Class" }))],
    rows, most: 20,
  });
  draw("products", unlike(found.rows.slice(0, TOP).map((row) => ({
    name: row.product.name, title: row.product.name, ...markOf(measure, row),
  }))));
  showDifferences(found);
  const left = found.left.slice(0, TOP).map(({ product }) => product.name).join(", ");
  const more = found.left.length > TOP ? ` and ${number(found.left.length - TOP)} more` : "";
  put("leavers", found.left.length
    ? element("p", { class: "note" }, `Sold in ${pair.nameBefore} and not any more: ${left}${more}.`)
    : "");
}

function showDifferences(found) {
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
    columns: [{ header: "Product" }, ...["By units", "Units", "By revenue", MEASURES.revenue.title].map((header) => ({ header, figure: true })), { header: "Difference" }],
    rows: rows.map((row) => ({
      cells: [{ text: row.product.name, sub: row.product.category }, String(row.rankBy.units),
        MEASURES.units.text(row.sold.units), String(row.rankBy.revenue),
        MEASURES.revenue.text(shownRevenue(row.sold)), say(row)],
    })),
    note: rows.length ? "" : "There are none.", most: TOP,
  });
}

function showLikeForLike({ pair, measure, store }) {
  const groups = likeForLike(pair, measure, store);
  const all = compared(pair, store);
  const count = groups.reduce((sum, group) => sum + group.stores, 0);
  showTable("like", {
    caption: `Stores by how they traded, ${pair.name}`,
    columns: [{ header: "Stores" }, { header: "Number", figure: true }, ...headersOf(measure)],
    rows: groups.length ? [
      ...groups.map((group) => ({ cells: [group.name, number(group.stores), ...cellsOf(measure, group)] })),
      { kind: "total", cells: ["Total", number(count), ...cellsOf(measure, changed(measure, all.now, all.before))] },
    ] : [],
    note: groups.length ? "" : "Gold has no year before this range. Choose a later one.",
  });
}

function showCurrency({ pair, months, by: length, store }) {
  const { revenue } = MEASURES;
  const pairs = pairsBy(length, months).filter((each) => each.before);
  const rows = pairs.map((each) => ({ name: each.isOver ? each.name : `${each.name}*`, ...compared(each, store) }));
  const cells = (row) => [
    change(row.difference, revenue.signed(row.difference)), change(row.shownLocal, revenue.signed(row.shownLocal)),
    change(row.shownRates, revenue.signed(row.shownRates)), change(row.shownLocal, signedPercent(row.localGrowth)),
  ];
  const figures = [`Change ${page.currency}`, "Local growth", "Exchange rates", "Local growth %"];
  const all = pair.before ? [{ kind: "total", cells: ["Total", ...cells(compared(pair, store))] }] : [];
  showTable("currency", {
    caption: `Change of revenue by ${length}, divided into local growth and exchange rates`,
    columns: [{ header: WORDS[length] }, ...figures.map((header) => ({ header, figure: true }))],
    rows: [...rows.map((row) => ({ cells: [row.name, ...cells(row)] })), ...(rows.length ? all : [])],
    note: rows.length
      ? "The total is at the rates of the whole compared range, so its parts may differ from the sum of the parts of its periods."
      : "Gold has no year before this range. Choose a later one.",
  });
  draw("currency", rows.flatMap((row) => [
    { period: row.name, title: row.name, part: "Local growth", shown: revenue.signed(row.shownLocal), size: size(row.shownLocal, SHOWN_DECIMALS) },
    { period: row.name, title: row.name, part: "Exchange rates", shown: revenue.signed(row.shownRates), size: size(row.shownRates, SHOWN_DECIMALS) },
  ]));
}

/** Names that two marks share get a number, so that each keeps a mark of its own. */
function unlike(rows) {
  const seen = new Map();
  return rows.map((row) => {
    const count = (seen.get(row.name) ?? 0) + 1;
    seen.set(row.name, count);
    return count > 1 ? { ...row, name: `${row.name} (${count})` } : row;
  });
}

/** Draws a chart anew, after the one that is being drawn; without rows its figure is hidden. */
function draw(name, rows) {
  const figure = byId(`${name}-chart`).parentElement;
  figure.hidden = !rows.length;
  figure.setAttribute("aria-busy", "true");
  const drawing = (drawings[name] ?? Promise.resolve()).then(async () => {
    if (drawings[name] !== drawing) return; // something newer was chosen meanwhile
    views[name]?.finalize();
    if (rows.length) views[name] = await drawn(name, rows);
    if (drawings[name] === drawing) figure.removeAttribute("aria-busy");
  });
  drawings[name] = drawing;
}

async function drawn(name, rows) {
  const place = byId(`${name}-chart`);
  const title = `Chart of the table below: ${document.querySelector(`#${name} caption`).textContent}`;
  const { step } = CHARTS[name].height;
  const height = step ? step * rows.length + AXIS : CHARTS[name].height;
  const view = await window.draw(place, { ...CHARTS[name], height, datasets: { rows } }, {
    actions: false, ast: true, renderer: "svg", tooltip: { disableDefaultStyle: true },
  });
  const chart = place.querySelector("svg");
  chart.setAttribute("role", "img");
  chart.setAttribute("aria-label", title);
  chart.firstElementChild.setAttribute("aria-hidden", "true");
  return view;
}
