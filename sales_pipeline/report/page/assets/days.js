// Days and weeks as periods, added up from the sales of each day, if the page holds them.

/** What the page holds of its days, as SPANS does of its spans; null if they would not fit. */
const DAYS = page.days && (() => {
  const yearBefore = places(page.days.year_before);
  const rates = Object.fromEntries(Object.entries(page.days.rates).map(([code, { since, rate }]) =>
    [code, ofEachDay(places(since), rate.split(" "), yearBefore.length)]));
  return {
    rows: rowsByStore(yearBefore.length, page.days.sold, page.days.scales),
    days: () => 1,
    rates: (code, day) => rates[code][day],
    yearBefore,
  };
})();

/** The rate of each day; null where none is known. */
function ofEachDay(since, rates, count) {
  return since.flatMap((first, at) =>
    Array(([...since, count][at + 1]) - first).fill(rates[at] === "-" ? null : rates[at]));
}

/** Days are counted from the first one of the page. */
const dayAt = (day) => daysOf({ first: page.days.first, last: day }) - 1;
const dayOf = (at) => daysLater(page.days.first, at);
const [WEEK, YEAR_OF_WEEKS] = [7, 364];
const WEEKS_AND_DAYS = new Set(["day", "week"]);
const WEEK_NAMES = new Map(page.days ? page.days.weeks.map(({ name, first }) => [first, name]) : []);

/**
 * The days or weeks of some months, each with what it is compared with.
 *
 * The outer weeks are cut to these months; what is not over ends with the last day with sales.
 */
function pairsOfDays(length, months, compare) {
  const lastMonth = months[months.length - 1];
  const first = page.spans[months[0].span].first;
  const end = lastMonth.is_over ? page.spans[lastMonth.span].last : null;
  return wholePeriods(length, first, end ?? page.days.last).map((whole) => {
    const last = end && end < whole.last ? end : whole.last;
    const isOver = last < page.days.as_of;
    return pairOfDays(length, whole, {
      isOver, first: whole.first < first ? first : whole.first,
      last: isOver || last < page.days.last ? last : page.days.last,
    }, compare);
  });
}

/** The whole days or weeks that have a day from one to another. */
function wholePeriods(length, first, last) {
  if (length === "week") {
    return page.days.weeks.map((week) => ({ ...week, last: daysLater(week.first, WEEK - 1) }))
      .filter((week) => week.first <= last && week.last >= first);
  }
  const days = Array.from({ length: daysOf({ first, last }) }, (_, at) => daysLater(first, at));
  return days.map((day) => ({ name: day, first: day, last: day }));
}

/** Some days of a whole day or week, with the same days of the one that it is compared with. */
function pairOfDays(length, whole, part, compare) {
  const [first, count] = [dayAt(part.first), daysOf(part)];
  const isWeek = length === "week";
  const before = compare === "period" ? first - (isWeek ? WEEK : 1)
    : isWeek ? first - YEAR_OF_WEEKS : DAYS.yearBefore[first];
  const days = (from) => Array.from({ length: count }, (_, at) => from + at);
  const pair = { name: whole.name, ...part, held: DAYS, now: days(first), before: null, nameBefore: null };
  if (before < 0 || dayOf(before) < page.first_day) return pair;
  const wholeBefore = daysLater(whole.first, before - first);
  return {
    ...pair, before: days(before), firstBefore: dayOf(before), lastBefore: dayOf(before + count - 1),
    nameBefore: isWeek ? WEEK_NAMES.get(wholeBefore) : dayOf(before),
  };
}
