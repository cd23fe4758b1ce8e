// The sums of the page by span, store, currency and product, and sums of them.

const page = JSON.parse(document.getElementById("data").textContent);
const { stores, products, currencies, scales } = page.sold;
const places = (text) => (text ? text.split(" ").map(Number) : []);
const integers = (text) => (text ? text.split(" ").map(BigInt) : []);
const NOTHING = { sales: 0n, units: 0n, amount: 0n, revenue: 0n, returned: 0n };
const RATE_DECIMALS = 14;

function bySpan(spans, rowAt) {
  const rows = page.spans.map(() => []);
  spans.forEach((span, at) => rows[span].push(rowAt(at)));
  return rows;
}

const storeRows = (() => {
  const columns = page.sold.by_store;
  const [store, currency] = [places(columns.store), places(columns.currency)];
  const [sales, units, amount] = [columns.sales, columns.units, columns.amount].map(integers);
  const [revenue, returned] = [columns.revenue, columns.revenue_returned].map(integers);
  return bySpan(places(columns.span), (at) => ({
    store: store[at], currency: currency[at], sales: sales[at], units: units[at],
    amount: amount[at], revenue: revenue[at], returned: returned[at],
  }));
})();

const productRows = (() => {
  const columns = page.sold.by_product;
  const [store, product] = [places(columns.store), places(columns.product)];
  const [units, revenue] = [columns.units, columns.revenue].map(integers);
  return bySpan(places(columns.span), (at) => ({
    ...NOTHING, store: store[at], product: product[at], units: units[at], revenue: revenue[at],
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

/** Some months in a row as one period, and what they are compared with. */
function pairOf(name, months) {
  const now = months.map((month) => month.span);
  const before = months.every((month) => month.before !== null)
    ? months.map((month) => month.before)
    : null;
  const [first, last] = [page.spans[now[0]], page.spans[now[now.length - 1]]];
  return {
    name, now, before, months, first: first.first, last: last.last,
    isOver: months[months.length - 1].is_over,
    nameBefore: before && nameOf(before),
    firstBefore: before && page.spans[before[0]].first,
    lastBefore: before && page.spans[before[before.length - 1]].last,
  };
}

/** The name of some spans in a row. */
function nameOf(spans) {
  const [first, last] = [page.spans[spans[0]], page.spans[spans[spans.length - 1]]];
  return first.name === last.name ? first.name : `${first.name} to ${last.name}`;
}

/** The rate of each currency in the compared period, over all stores; null where none is known. */
function constantRates(pair) {
  const before = sums(storeRows, pair.before, "currency");
  return currencies.map((code, currency) => {
    const sold = before.get(currency) ?? NOTHING;
    if (sold.amount && sold.revenue) {
      return by(scaled(sold.revenue, scales.revenue), scaled(sold.amount, scales.amount));
    }
    return averageRate(code, pair.before);
  });
}

/** The mean of the rates of all days of some spans; null if a day has none. */
function averageRate(code, spans) {
  const known = page.sold.day_rates[code];
  if (!spans.every((span) => span in known)) return null;
  const rates = spans.reduce((sum, span) => sum + BigInt(known[span]), 0n);
  const days = spans.reduce((sum, span) => sum + daysOf(page.spans[span]), 0);
  return by(scaled(rates, RATE_DECIMALS), fraction(BigInt(days)));
}

const daysOf = ({ first, last }) =>
  Math.round((Date.parse(last) - Date.parse(first)) / 86400000) + 1;

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
