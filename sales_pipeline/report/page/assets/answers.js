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

/** What was sold in a pair of periods, with the change divided into local growth and rates. */
function compared(pair, store) {
  const byCurrency = sums(storeRows, pair.now, "currency", store);
  const now = total(byCurrency);
  if (!pair.before) return { now, before: null };
  const before = total(sums(storeRows, pair.before, "currency", store));
  const constant = revenueAt(constantRates(pair), byCurrency);
  const local = minus(constant, exactRevenue(before));
  const difference = shownRevenue(now) - shownRevenue(before);
  const parts = [local, minus(exactRevenue(now), constant)];
  const [shownLocal, shownRates] = addingUp(parts, difference, SHOWN_DECIMALS);
  return {
    now, before, difference, shownLocal, shownRates,
    localGrowth: share(local, exactRevenue(before)),
  };
}

/** The pairs of periods of some months: months themselves, quarters or years. */
function pairsBy(length, months) {
  if (length === "month") return months.map((month) => pairOf(page.spans[month.span].name, [month]));
  const names = [...new Set(months.map((month) => month[length]))];
  return names.map((name) => pairOf(name, months.filter((month) => month[length] === name)));
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
  const now = sums(storeRows, pair.now, "store");
  const before = sums(storeRows, pair.before, "store");
  const rows = [...new Set([...now.keys(), ...before.keys()])].map((at) => ({
    at, store: stores[at], sold: now.get(at) ?? NOTHING, isSold: now.has(at),
    ...changed(measure, now.get(at) ?? NOTHING, pair.before && (before.get(at) ?? NOTHING)),
    trading: pair.before ? trading(stores[at], pair) : "",
  }));
  rows.sort((a, b) => b.isSold - a.isSold || descending(a.now, b.now) || a.at - b.at);
  const sold = rows.filter((row) => row.isSold);
  const isWhole = sold.every((row) => measure.exact(row.sold).n >= 0n);
  const whole = isWhole ? measure.exact(total(now)) : NONE;
  const shares = sold.map((row) => share(measure.exact(row.sold), whole));
  const shown = whole.n > 0n ? addingUp(shares.map(inPercent), 1000n, 1) : [];
  sold.forEach((row, place) => {
    row.rank = place + 1;
    row.share = place in shown ? `${grouped(shown[place], 1)}%` : "";
  });
  return { rows, total: changed(measure, total(now), pair.before && total(before)) };
}

const inPercent = (ratio) => times(ratio, fraction(100n));
const descending = (a, b) => (a > b ? -1 : a < b ? 1 : 0);

const GROUPS = ["comparable", "new", "closed", "interrupted"];

/** The stores by how they traded, with their sums; none without a compared period. */
function likeForLike(pair, measure, store) {
  if (!pair.before) return [];
  const now = sums(storeRows, pair.now, "store", store);
  const before = sums(storeRows, pair.before, "store", store);
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
  return GROUPS.filter((name) => groups.has(name)).map((name) => {
    const group = groups.get(name);
    return { name, stores: group.stores, ...changed(measure, group.now, group.before) };
  });
}

/** The products that sold, each with its places by both measures, by one of them. */
function ranking(pair, name, store) {
  const now = sums(productRows, pair.now, "product", store);
  const before = sums(productRows, pair.before, "product", store);
  const measure = MEASURES[name];
  const ranks = {}, earlier = {};
  for (const each of Object.keys(MEASURES)) {
    ranks[each] = ranksOf(now, MEASURES[each]);
    earlier[each] = ranksOf(before, MEASURES[each]);
  }
  const whole = fraction(measure.shown(total(now)));
  let soFar = NONE;
  const rows = inOrder(now, measure).map((at) => {
    const sold = now.get(at);
    const figure = fraction(measure.shown(sold));
    const abc = classOf(figure, share(soFar, whole));
    soFar = plus(soFar, figure);
    return {
      at, product: products[at], sold, abc,
      rankBy: { revenue: ranks.revenue.get(at), units: ranks.units.get(at) },
      rankBefore: earlier[name].get(at) ?? null,
      share: share(figure, whole), cumulative: share(soFar, whole),
      ...changed(measure, sold, pair.before && (before.get(at) ?? NOTHING)),
    };
  });
  const others = [...now.keys()].find((at) => products[at].products > 1);
  const left = inOrder(before, MEASURES.revenue).filter((at) => !now.has(at));
  return {
    rows, whole: changed(measure, total(now), pair.before && total(before)),
    others: others === undefined ? null : { product: products[others], sold: now.get(others) },
    left: left.map((at) => ({ product: products[at], sold: before.get(at) })),
  };
}

/** Places of products, the best first: by the shown figure, then by name; without those added up. */
function inOrder(found, measure) {
  const kept = [...found.keys()].filter((at) => products[at].products === 1);
  const figures = new Map(kept.map((at) => [at, measure.shown(found.get(at))]));
  return kept.sort((a, b) => descending(figures.get(a), figures.get(b)) || a - b);
}

const ranksOf = (found, measure) =>
  new Map(inOrder(found, measure).map((at, place) => [at, place + 1]));

const decimal = (text) => scaled(BigInt(text.replace(".", "")), (text.split(".")[1] ?? "").length);
const [CLASS_A, CLASS_B] = [decimal(page.class_a), decimal(page.class_b)];

function classOf(figure, shareBefore) {
  if (figure.n <= 0n || !shareBefore) return "C";
  return isLess(shareBefore, CLASS_A) ? "A" : isLess(shareBefore, CLASS_B) ? "B" : "C";
}
