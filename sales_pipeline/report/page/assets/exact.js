// Exact arithmetic: integers of any length, and fractions of them. No figure is ever a float.

const fraction = (n, d = 1n) => (d < 0n ? { n: -n, d: -d } : { n, d });
const plus = (a, b) => fraction(a.n * b.d + b.n * a.d, a.d * b.d);
const minus = (a, b) => fraction(a.n * b.d - b.n * a.d, a.d * b.d);
const times = (a, b) => fraction(a.n * b.n, a.d * b.d);
const by = (a, b) => fraction(a.n * b.d, a.d * b.n);
const isLess = (a, b) => a.n * b.d < b.n * a.d;
const NONE = fraction(0n);
const ten = (decimals) => 10n ** BigInt(decimals);
/** An integer that counts 1 / 10 ** decimals. */
const scaled = (digits, decimals) => fraction(digits, ten(decimals));
/** A share of a whole; null if the whole is not positive. */
const share = (part, whole) => (whole.n > 0n ? by(part, whole) : null);

/** A fraction in 1 / 10 ** decimals, rounded half up, away from zero. */
function halfUp({ n, d }, decimals) {
  const digits = (2n * (n < 0n ? -n : n) * ten(decimals) + d) / (2n * d);
  return n < 0n ? -digits : digits;
}

function floor(n, d) {
  const digits = n / d;
  return n % d < 0n ? digits - 1n : digits;
}

/** Rounds parts so that they add up to their rounded total, by the largest remainder. */
function addingUp(parts, total, decimals) {
  const digits = parts.map(({ n, d }) => floor(n * ten(decimals), d));
  let missing = total - digits.reduce((sum, each) => sum + each, 0n);
  const lost = parts.map((part, at) => minus(scaled(digits[at], decimals), part));
  const order = parts.map((_, at) => at);
  order.sort((a, b) => (isLess(lost[a], lost[b]) ? -1 : isLess(lost[b], lost[a]) ? 1 : a - b));
  for (let place = 0; missing > 0n; place += 1, missing -= 1n) {
    digits[order[place % parts.length]] += 1n;
  }
  for (let place = parts.length - 1; missing < 0n; place += parts.length - 1, missing += 1n) {
    digits[order[place % parts.length]] -= 1n;
  }
  return digits;
}

/** An integer of 1 / 10 ** decimals as people read it: 1,234.50. */
function grouped(digits, decimals = 0) {
  const text = (digits < 0n ? -digits : digits).toString().padStart(decimals + 1, "0");
  const whole = text.slice(0, text.length - decimals).replace(/\B(?=(\d{3})+$)/g, ",");
  const end = decimals ? `.${text.slice(-decimals)}` : "";
  return `${digits < 0n ? "-" : ""}${whole}${end}`;
}

/** The same with its sign; nothing changed is +0. */
const signed = (digits, decimals = 0) => `${digits < 0n ? "" : "+"}${grouped(digits, decimals)}`;

/** The same without zeros at its end. */
function short(digits, decimals) {
  const text = grouped(digits, decimals);
  return decimals ? text.replace(/\.?0+$/, "") : text;
}

/** A ratio as a percentage with one decimal; nothing for null. */
const percent = (ratio) => (ratio ? `${grouped(halfUp(times(ratio, fraction(100n)), 1), 1)}%` : "");
const signedPercent = (ratio) =>
  ratio ? `${signed(halfUp(times(ratio, fraction(100n)), 1), 1)}%` : "";
/** About how large it is, to place a mark. */
const size = (digits, decimals) => Number(digits) / 10 ** decimals;
