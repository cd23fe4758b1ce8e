// The answers to what a reader chose, each beside its compared period; docs/figures.md has the formulas.

const SHOWN_DECIMALS = page.minor_units;
const exactRevenue = (sold) => scaled(sold.revenue, scales.revenue);
const shownRevenue = (sold) => halfUp(exactRevenue(sold), SHOWN_DECIMALS);
const MEASURES = {
  revenue: {
    title: `Revenue ${page.currency}`, exact: exactRevenue, shown: shownRevenue,
    decimals: SHOWN_DECIMALS,
    text: (digits) => grouped(digits, SHOWN_DECIMALS),
    signed: (digits) => signed(digits, SHOWN_DECIMALS),
  },
  units: {
    title: "Units", exact: (sold) => scaled(sold.units, scales.units), shown: (sold) => sold.units,
    decimals: scales.units,
    text: (digits) => short(digits, scales.units),
    signed: (digits) => `${digits < 0n ? "" : "+"}${short(digits, scales.units)}`,
  },
};

/** A figure beside the compared one; without one, only the figure. */
function changed(measure, now, before) {
  const shown = measure.shown(now);
  if (!before) return { now: shown, before: null, change: null, growth: null };
  const [exact, exactBefore] = [measure.exact(now), measure.exact(before)];
  const shownBefore = measure.shown(before);
  return {
    now: shown, before: shownBefore, change: shown - shownBefore,
    growth: share(minus(exact, exactBefore), exactBefore),
  };
}

/** The total of lines: their sum as they are shown; its figure before, too, if those add up. */
function totalOf(measure, rows, { addsUp, now, before }) {
  const sum = (key) => rows.reduce((all, row) => all + row[key], 0n);
  const whole = changed(measure, now, before);
  const shown = { ...whole, now: sum("now") };
  if (!before) return shown;
  if (addsUp) shown.before = sum("before");
  return { ...shown, change: shown.now - shown.before };
}

/** What was sold in a pair of periods, with the change divided into local growth and rates. */
function compared(pair, store) {
  const byCurrency = sums(pair.held.rows, pair.now, "currency", store);
  const now = total(byCurrency);
  if (!pair.before) return { now, before: null };
  const before = total(sums(pair.held.rows, pair.before, "currency", store));
  const constant = revenueAt(constantRates(pair), byCurrency);
  const local = minus(constant, exactRevenue(before));
  const difference = shownRevenue(now) - shownRevenue(before);
  const parts = [local, minus(exactRevenue(now), constant)];
  const [shownLocal, shownRates] = addingUp(parts, difference, SHOWN_DECIMALS);
  return {
    now, before, difference, local, shownLocal, shownRates,
    localGrowth: share(local, exactRevenue(before)),
  };
}

/** The divided changes of several periods, added up as they are shown. */
function changesAdded(rows) {
  const sum = (key) => rows.reduce((all, row) => all + row[key], 0n);
  const exact = (part) => rows.map(part).reduce(plus, NONE);
  return {
    difference: sum("difference"), shownLocal: sum("shownLocal"), shownRates: sum("shownRates"),
    localGrowth: share(exact((row) => row.local), exact((row) => exactRevenue(row.before))),
  };
}

/** The divided change from a period before of its own to the sum of some periods as shown. */
function changeOfSum(rows, whole) {
  const now = rows.reduce((all, row) => all + shownRevenue(row.now), 0n);
  const difference = now - shownRevenue(whole.before);
  return { ...whole, difference, shownRates: difference - whole.shownLocal };
}

/** The pairs of periods of some months: days, weeks, months themselves, quarters or years. */
function pairsBy(length, months, compare) {
  if (WEEKS_AND_DAYS.has(length)) return pairsOfDays(length, months, compare);
  const name = (month) => (length === "month" ? page.spans[month.span].name : month[length]);
  return [...new Set(months.map(name))].map((each) =>
    pairOf(each, months.filter((month) => name(month) === each), compare));
}

/** How a store traded in both periods, as the analysis of the package says. */
function trading(store, pair) {
  if (store.closed && store.closed <= pair.last) return "closed";
  const first = pair.firstBefore < pair.first ? pair.firstBefore : pair.first;
  if (store.opened && (store.opened > first || store.comparable_from > pair.first)) return "new";
  const isIn = ({ first: from, last: to }, begin, end) => from <= end && to >= begin;
  const isClosed = (closure) =>
    isIn(closure, pair.first, pair.last) || isIn(closure, pair.firstBefore, pair.lastBefore);
  return store.closures.some(isClosed) ? "interrupted" : "comparable";
}

/** The stores with sales in the range, the best first; those with sales before only come last. */
function storesCompared(pair, measure) {
  const now = sums(SPANS.rows, pair.now, "store");
  const before = sums(SPANS.rows, pair.before, "store");
  const rows = [...new Set([...now.keys(), ...before.keys()])].map((at) => ({
    at, store: stores[at], sold: now.get(at) ?? NOTHING, isSold: now.has(at),
    ...changed(measure, now.get(at) ?? NOTHING, pair.before && (before.get(at) ?? NOTHING)),
    trading: pair.before ? trading(stores[at], pair) : "",
  }));
  rows.sort((a, b) => b.isSold - a.isSold || descending(a.now, b.now) || a.at - b.at);
  const placed = rows.filter((row) => row.isSold);
  const isWhole = placed.every((row) => measure.exact(row.sold).n >= 0n);
  const whole = isWhole ? measure.exact(total(now)) : NONE;
  const shares = placed.map((row) => share(measure.exact(row.sold), whole));
  const shown = whole.n > 0n ? addingUp(shares.map(inPercent), 1000n, 1) : [];
  placed.forEach((row, place) => {
    row.rank = place + 1;
    row.share = place in shown ? `${grouped(shown[place], 1)}%` : "";
  });
  const sold = { addsUp: true, now: total(now), before: pair.before && total(before) };
  return { rows, total: totalOf(measure, rows, sold) };
}

const inPercent = (ratio) => times(ratio, fraction(100n));
const descending = (a, b) => (a > b ? -1 : a < b ? 1 : 0);

const GROUPS = ["comparable", "new", "closed", "interrupted"];

/** The stores by how they traded, with sums that add up; none without a compared period. */
function likeForLike(pair, measure, store) {
  if (!pair.before) return [];
  const now = sums(SPANS.rows, pair.now, "store", store);
  const before = sums(SPANS.rows, pair.before, "store", store);
  const groups = new Map();
  for (const at of new Set([...now.keys(), ...before.keys()])) {
    const name = trading(stores[at], pair);
    const known = groups.get(name) ?? { stores: 0, now: NOTHING, before: NOTHING };
    groups.set(name, {
      stores: known.stores + stores[at].stores,
      now: added(known.now, now.get(at) ?? NOTHING),
      before: added(known.before, before.get(at) ?? NOTHING),
    });
  }
  const names = GROUPS.filter((name) => groups.has(name));
  const shown = (when) => {
    const sold = names.map((name) => groups.get(name)[when]);
    return addingUp(sold.map(measure.exact), measure.shown(sold.reduce(added, NOTHING)), measure.decimals);
  };
  const [ofNow, ofBefore] = [shown("now"), shown("before")];
  return names.map((name, at) => ({
    name, stores: groups.get(name).stores,
    ...changed(measure, groups.get(name).now, groups.get(name).before),
    now: ofNow[at], before: ofBefore[at], change: ofNow[at] - ofBefore[at],
  }));
}

/** The products or categories that sold, each with its places by both measures, by one of them. */
function ranking(pair, name, kind, store) {
  const goods = GOODS[kind];
  const now = sums(productRows, pair.now, kind, store);
  const before = sums(productRows, pair.before, kind, store);
  const measure = MEASURES[name];
  const ranks = {}, earlier = {};
  for (const each of Object.keys(MEASURES)) {
    ranks[each] = ranksOf(goods, now, MEASURES[each]);
    earlier[each] = ranksOf(goods, before, MEASURES[each]);
  }
  const whole = fraction([...now.values()].reduce((all, sold) => all + measure.shown(sold), 0n));
  let soFar = NONE;
  const rows = inOrder(goods, now, measure).map((at) => {
    const sold = now.get(at);
    const figure = fraction(measure.shown(sold));
    const abc = classOf(figure, share(soFar, whole));
    soFar = plus(soFar, figure);
    return {
      at, product: goods[at], sold, abc,
      rankBy: { revenue: ranks.revenue.get(at), units: ranks.units.get(at) },
      rankBefore: earlier[name].get(at) ?? null,
      share: share(figure, whole), cumulative: share(soFar, whole),
      ...changed(measure, sold, pair.before && (before.get(at) ?? NOTHING)),
    };
  });
  const others = [...now.keys()].find((at) => goods[at].isOthers);
  const left = inOrder(goods, before, MEASURES.revenue).filter((at) => !now.has(at));
  return {
    rows, whole: changed(measure, total(now), pair.before && total(before)),
    others: others === undefined ? null : { product: goods[others], sold: now.get(others) },
    left: left.map((at) => ({ product: goods[at], sold: before.get(at) })),
  };
}

/** Places of products, the best first: by the shown figure, then by name; without those added up. */
function inOrder(goods, found, measure) {
  const kept = [...found.keys()].filter((at) => !goods[at].isOthers);
  const figures = new Map(kept.map((at) => [at, measure.shown(found.get(at))]));
  return kept.sort((a, b) => descending(figures.get(a), figures.get(b)) || a - b);
}

const ranksOf = (goods, found, measure) =>
  new Map(inOrder(goods, found, measure).map((at, place) => [at, place + 1]));

const decimal = (text) => scaled(BigInt(text.replace(".", "")), (text.split(".")[1] ?? "").length);
const [CLASS_A, CLASS_B] = [decimal(page.class_a), decimal(page.class_b)];

function classOf(figure, shareBefore) {
  if (figure.n <= 0n || !shareBefore) return "C";
  return isLess(shareBefore, CLASS_A) ? "A" : isLess(shareBefore, CLASS_B) ? "B" : "C";
}
