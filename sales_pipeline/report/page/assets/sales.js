// The sums of the page by span, store, currency and product, and sums of them.

const page = JSON.parse(document.getElementById("data").textContent);
const { stores, currencies } = page.sold;
/** The decimals of all figures: as many as months or days need. */
const scales = Object.fromEntries(Object.entries(page.sold.scales).map(([name, decimals]) =>
  [name, Math.max(decimals, page.days ? page.days.scales[name] : 0)]));
const places = (text) => (text ? text.split(" ").map(Number) : []);
const integers = (text) => (text ? text.split(" ").map(BigInt) : []);
/** Figures with as many decimals as those of the whole page have. */
const figures = (text, name, decimals) =>
  integers(text).map((digits) => digits * ten(scales[name] - decimals[name]));
const NOTHING = { sales: 0n, units: 0n, amount: 0n, revenue: 0n, returned: 0n };
const RATE_DECIMALS = 14;

/** The rows of each of `count` spans or days. */
function byPeriod(count, periods, rowAt) {
  const rows = Array.from({ length: count }, () => []);
  periods.forEach((period, at) => rows[period].push(rowAt(at)));
  return rows;
}

/** The rows by store and currency of each of `count` spans or days. */
function rowsByStore(count, columns, decimals) {
  const [store, currency] = [places(columns.store), places(columns.currency)];
  const [sales, units] = [integers(columns.sales), figures(columns.units, "units", decimals)];
  const amount = figures(columns.amount, "amount", decimals);
  const [revenue, returned] = [columns.revenue, columns.revenue_returned].map((column) =>
    figures(column, "revenue", decimals));
  return byPeriod(count, places(columns.span), (at) => ({
    store: store[at], currency: currency[at], sales: sales[at], units: units[at],
    amount: amount[at], revenue: revenue[at], returned: returned[at],
  }));
}

/** What the page holds of its spans: their rows, their number of days, and their rates added up. */
const SPANS = {
  rows: rowsByStore(page.spans.length, page.sold.by_store, page.sold.scales),
  days: (span) => daysOf(page.spans[span]),
  rates: (code, span) => page.sold.day_rates[code]?.[span] ?? null,
};

const OTHERS = `${grouped(BigInt(page.sold.other_products))} other products`;
/** What best sellers can be: products, each with the last of its categories, and categories. */
const GOODS = (() => {
  const products = new Map(page.sold.products.map(({ name, category }) =>
    [name, { name: name || OTHERS, category: name && category, isOthers: !name }]));
  const categories = page.sold.categories.map((name) => ({ name: name || "without a category" }));
  return { product: [...products.values()], category: categories };
})();

const productRows = (() => {
  const columns = page.sold.by_product;
  const named = new Map(GOODS.product.map(({ name, isOthers }, at) => [isOthers ? "" : name, at]));
  const product = page.sold.products.map(({ name }) => named.get(name));
  const category = page.sold.products.map((entry) => page.sold.categories.indexOf(entry.category));
  const [store, entry] = [places(columns.store), places(columns.product)];
  const [units, revenue] = ["units", "revenue"].map((name) =>
    figures(columns[name], name, page.sold.scales));
  return byPeriod(page.spans.length, places(columns.span), (at) => ({
    ...NOTHING, store: store[at], product: product[entry[at]], category: category[entry[at]],
    units: units[at], revenue: revenue[at],
  }));
})();

function added(one, other) {
  return {
    sales: one.sales + other.sales, units: one.units + other.units,
    amount: one.amount + other.amount, revenue: one.revenue + other.revenue,
    returned: one.returned + other.returned,
  };
}

/** The sums of some spans for each value of `key`, of a store or of all if it is null. */
function sums(rows, spans, key, store = null) {
  const found = new Map();
  for (const span of spans ?? []) {
    for (const row of rows[span]) {
      if (store === null || row.store === store) {
        found.set(row[key], added(found.get(row[key]) ?? NOTHING, row));
      }
    }
  }
  return found;
}

const total = (found) => [...found.values()].reduce(added, NOTHING);

/**
 * Some months in a row as one period, and what they are compared with.
 *
 * compare: "year" or "period". isRange: whether they are all that was chosen, so that what comes
 * before them may be any months.
 */
function pairOf(name, months, compare, isRange = false) {
  const now = months.map((month) => month.span);
  const [{ first }, { last }] = [page.spans[now[0]], page.spans[now[now.length - 1]]];
  const before = compare === "year" ? yearBefore(months) : periodBefore(first, last, isRange ? null : name);
  return {
    name, now, before, first, last, held: SPANS,
    isOver: months[months.length - 1].is_over,
    nameBefore: before && nameOf(before),
    firstBefore: before && page.spans[before[0]].first,
    lastBefore: before && page.spans[before[before.length - 1]].last,
  };
}

const yearBefore = (months) =>
  months.every(({ before }) => before !== null) ? months.map(({ before }) => before) : null;

/**
 * The spans of the period before some days; null if the page does not hold exactly its days.
 *
 * name: the period that the days belong to, of which they may be a part; null for a range.
 */
function periodBefore(first, last, name) {
  const isIt = (each) => each.first === first && each.last === last && (!name || each.name === name);
  const whole = page.before.find(isIt);
  if (whole) return spansOf(whole.before_first, whole.before_last);
  return name ? null : spansOf(daysBefore(first, last), daysLater(first, -1));
}

/** The spans that have the days from one to another, each once; null if none have, or gold has not. */
function spansOf(first, last) {
  if (first < page.first_day) return null;
  const found = [];
  for (let day = first; day <= last;) {
    const isNext = (span) => span.first === day && span.last <= last;
    const [next] = page.spans.filter(isNext).sort((a, b) => (a.last < b.last ? 1 : -1));
    if (!next) return null;
    found.push(page.spans.indexOf(next));
    day = daysLater(next.last, 1);
  }
  return found;
}

const DAY = 86400000;
const daysLater = (day, count) => new Date(Date.parse(day) + count * DAY).toISOString().slice(0, 10);

/** The first of as many days right before; before whole months, of as many months. */
function daysBefore(first, last) {
  const [from, after] = [new Date(first), new Date(daysLater(last, 1))];
  if (from.getUTCDate() !== 1 || after.getUTCDate() !== 1) {
    return daysLater(first, -daysOf({ first, last }));
  }
  const count = (day) => day.getUTCFullYear() * 12 + day.getUTCMonth();
  const months = 2 * count(from) - count(after);
  return new Date(Date.UTC(Math.floor(months / 12), months % 12, 1)).toISOString().slice(0, 10);
}

/** The name of some spans in a row. */
function nameOf(spans) {
  const [first, last] = [page.spans[spans[0]], page.spans[spans[spans.length - 1]]];
  return first.name === last.name ? first.name : `${first.name} to ${last.name}`;
}

/** The rate of each currency in the compared period, over all stores; null where none is known. */
function constantRates(pair) {
  const before = sums(pair.held.rows, pair.before, "currency");
  return currencies.map((code, currency) => {
    const sold = before.get(currency) ?? NOTHING;
    if (sold.amount && sold.revenue) {
      return by(scaled(sold.revenue, scales.revenue), scaled(sold.amount, scales.amount));
    }
    return averageRate(code, pair.held, pair.before);
  });
}

/** The mean of the rates of all days of some spans or days; null if a day has none. */
function averageRate(code, held, periods) {
  const rates = periods.map((period) => held.rates(code, period));
  if (rates.includes(null)) return null;
  const total = rates.reduce((sum, rate) => sum + BigInt(rate), 0n);
  const days = periods.reduce((sum, period) => sum + held.days(period), 0);
  return by(scaled(total, RATE_DECIMALS), fraction(BigInt(days)));
}

const daysOf = ({ first, last }) =>
  Math.round((Date.parse(last) - Date.parse(first)) / DAY) + 1;

/** The revenue of sums by currency at some rates, unrounded. */
function revenueAt(rates, byCurrency) {
  let revenue = NONE;
  for (const [currency, sold] of byCurrency) {
    const rate = rates[currency];
    const own = scaled(sold.revenue, scales.revenue);
    revenue = plus(revenue, rate ? times(scaled(sold.amount, scales.amount), rate) : own);
  }
  return revenue;
}
