// Shows what a reader chose: reads the controls, fills every section, draws the charts.

const CHARTS = JSON.parse(byId("charts").textContent);
const FEW = 15;
const TOP = 10;
/** How many days or weeks a table shows at first. */
const MOST_DAYS = 31;
/** The height of an axis with its labels. */
const AXIS = 30;
/** More bars than that stand without gaps: those of a year of days would be too thin to see. */
const MANY_BARS = 60;
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
  const compare = byId("compare").value;
  return {
    store, months, measureName, measure: MEASURES[measureName], by: byId("by").value, compare,
    kind: byId("kind").value, pair: pairOf(name, months, compare, true),
  };
}

/** Why nothing is compared: gold has nothing before, or the page does not hold just these days. */
function nothingBefore(compare, { first, last }) {
  if (compare === "year") return "Gold has no year before this range. Choose a later one.";
  return daysBefore(first, last) < page.first_day
    ? "Gold has no period before this range. Choose a later one."
    : PARTS_OF_MONTHS;
}

const PARTS_OF_MONTHS = "The page holds months. Where the days before are not whole months, "
  + "sales-pipeline show --compare period has them.";

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
  showListing("rates", (choice.compare === "year" ? page : page.month_before).rates);
  for (const key of document.querySelectorAll(".key.before")) key.textContent = `the ${choice.compare} before`;
  for (const key of document.querySelectorAll(".key.year")) key.hidden = !choice.pair.before;
  pressRanges();
}

function showHeadline({ pair, store, compare }) {
  const found = compared(pair, store);
  const { revenue, units } = MEASURES;
  const of = (measure) => changed(measure, found.now, found.before);
  const details = (row, measure) => row.before === null ? [{ text: `no ${compare} before` }] : [
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

/** Says why a total of lines is some cents away from the headline figure, if it is. */
const roundedOnce = (measure, total, headline) => (total === headline ? ""
  : `The total is the sum of the lines as shown; the headline figure, ${measure.text(headline)}, is rounded once.`);

const SAME_DAYS = { year: ", compared with the same days", period: ", compared with as many days" };
const WORDS = { day: "Day", week: "Week", month: "Month", quarter: "Quarter", year: "Year" };
const DAYS_OF_ALL_STORES = "The page holds days and weeks of all stores together; "
  + "sales-pipeline show --by day --store ID has those of one store.";

/** The periods of a range in which something was sold, or before; none if the page lacks them. */
function periodsShown({ months, by: length, store, compare }) {
  if (WEEKS_AND_DAYS.has(length) && store !== null && !page.days.by_store) return [];
  const soldIn = ({ held }, periods) => periods && total(sums(held.rows, periods, "currency", store));
  const periods = pairsBy(length, months, compare).map((pair) => ({
    ...pair, sold: soldIn(pair, pair.now), soldBefore: soldIn(pair, pair.before),
    label: pair.isOver ? pair.name : `${pair.name}*`,
  }));
  return periods.filter(({ sold, soldBefore }) => sold.sales || soldBefore?.sales);
}

/** What was sold in all periods, and before; null if these are compared with nothing. */
function soldInAll(periods, { pair, store }, addsUp) {
  const sum = (key) => periods.map((each) => each[key]).reduce(added, NOTHING);
  if (addsUp) {
    const isCompared = periods.every((each) => each.before);
    return { addsUp, now: sum("sold"), before: isCompared ? sum("soldBefore") : null };
  }
  const before = pair.before && total(sums(pair.held.rows, pair.before, "currency", store));
  return { addsUp, now: sum("sold"), before };
}

function showPeriods(choice) {
  const { measure, by: length, measureName, compare } = choice;
  const periods = periodsShown(choice);
  const rows = periods.map((each) => ({ ...each, ...changed(measure, each.sold, each.soldBefore) }));
  // Periods that are compared with the ones before them overlap, so the total has its own before.
  const sold = soldInAll(periods, choice, compare === "year" || rows.length === 1);
  const all = totalOf(measure, rows, sold);
  const word = measureName === "revenue" ? "Revenue" : "Units";
  byId("periods-title").textContent = `${word} by ${length}`;
  const open = rows.find((row) => !row.isOver);
  byId("periods-before").hidden = !rows.some((row) => row.before !== null);
  showTable("periods", {
    caption: `${word} by ${length}, with the ${compare} before`,
    columns: [{ header: WORDS[length] }, ...headersOf(measure)],
    rows: [
      ...rows.map((row) => ({ cells: [row.label, ...cellsOf(measure, row)] })),
      ...(rows.length ? [{ kind: "total", cells: ["Total", ...cellsOf(measure, all)] }] : []),
    ],
    most: WEEKS_AND_DAYS.has(length) ? MOST_DAYS : Infinity,
    note: !rows.length ? DAYS_OF_ALL_STORES : [
      roundedOnce(measure, all.now, measure.shown(sold.now)),
      open ? `* not over: ${open.first} to ${open.last}${open.before === null ? "" : SAME_DAYS[compare]}.` : "",
      rows.some((row) => row.before === null && nothingBefore(compare, row) === PARTS_OF_MONTHS) ? PARTS_OF_MONTHS : "",
    ].filter(Boolean).join(" "),
  });
  draw("periods", rows.map((row) => ({
    period: row.label, title: row.nameBefore ? `${row.name} / ${row.nameBefore}` : row.name,
    ...markOf(measure, row),
  })));
}

function showStores({ pair, measure, store, compare }) {
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
    note: pair.before ? "" : nothingBefore(compare, pair),
    most: 25,
  });
  draw("stores", unlike(found.rows.slice(0, FEW).map((row) => ({
    name: row.store.name, title: row.store.name, ...markOf(measure, row),
  }))));
}

function showLikeForLike({ pair, measure, store, compare }) {
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
    note: groups.length ? "" : nothingBefore(compare, pair),
  });
}

function showCurrency(choice) {
  const { pair, by: length, store, compare } = choice;
  const { revenue } = MEASURES;
  const every = periodsShown(choice).map((each) => ({ name: each.label, ...compared(each, store) }));
  const rows = every.filter((row) => row.before);
  const cells = (row) => [
    change(row.difference, revenue.signed(row.difference)), change(row.shownLocal, revenue.signed(row.shownLocal)),
    change(row.shownRates, revenue.signed(row.shownRates)), change(row.shownLocal, signedPercent(row.localGrowth)),
  ];
  const figures = [`Change ${page.currency}`, "Local growth", "Exchange rates", "Local growth %"];
  const addsUp = compare === "year" || every.length === 1;
  const whole = () => (addsUp ? changesAdded(rows) : changeOfSum(every, compared(pair, store)));
  const all = pair.before ? [{ kind: "total", cells: ["Total", ...cells(whole())] }] : [];
  showTable("currency", {
    caption: `Change of revenue by ${length}, divided into local growth and exchange rates`,
    columns: [{ header: WORDS[length] }, ...figures.map((header) => ({ header, figure: true }))],
    rows: [...rows.map((row) => ({ cells: [row.name, ...cells(row)] })), ...(rows.length ? all : [])],
    most: WEEKS_AND_DAYS.has(length) ? MOST_DAYS : Infinity,
    note: !every.length ? DAYS_OF_ALL_STORES : !pair.before ? nothingBefore(compare, pair)
      : addsUp ? "The total is the sum of the lines above it, each at the rates of its own compared period; the headline takes those of the whole compared range."
        : "The total is compared with the whole period before the range, so it is not the sum of the lines.",
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

/** The chart with its bars close together. */
function withoutGaps(chart) {
  const close = ({ mark, ...part }) => ({
    ...part, mark: { ...mark, cornerRadiusEnd: 0, ...(mark.width && { width: { band: 0.8 } }) },
  });
  const config = { ...chart.config, scale: { bandPaddingInner: 0 } };
  return chart.layer ? { ...chart, config, layer: chart.layer.map(close) } : { ...close(chart), config };
}

async function drawn(name, rows) {
  const place = byId(`${name}-chart`);
  const title = `Chart of the table below: ${document.querySelector(`#${name} caption`).textContent}`;
  const { step } = CHARTS[name].height;
  const height = step ? step * rows.length + AXIS : CHARTS[name].height;
  const isDense = !step && new Set(rows.map((row) => row.period)).size > MANY_BARS;
  const spec = isDense ? withoutGaps(CHARTS[name]) : CHARTS[name];
  const view = await window.draw(place, { ...spec, height, datasets: { rows } }, {
    actions: false, ast: true, renderer: "svg", tooltip: { disableDefaultStyle: true },
  });
  const chart = place.querySelector("svg");
  chart.setAttribute("role", "img");
  chart.setAttribute("aria-label", title);
  chart.firstElementChild.setAttribute("aria-hidden", "true");
  return view;
}
