// The parts of the page that no choice of months changes, and the controls.

function showMoved({ store, compare }) {
  const { moved } = compare === "year" ? page : page.month_before;
  if (!moved) {
    byId("moved-title").textContent = "Why the last month moved";
    const before = compare === "year" ? "year" : "month";
    put("moved-note", `No month that is over has a ${before} before to compare with.`);
    put("moved");
    draw("moved", []);
    return;
  }
  byId("moved-title").textContent = `Why ${moved.period} moved`;
  const digits = (text) => BigInt(text.replace(".", ""));
  const { revenue } = MEASURES;
  const isOfStore = store !== null && moved.stores !== null;
  const whose = isOfStore ? stores[store].name : "All stores";
  const found = isOfStore ? moved.stores[store] : moved.all;
  if (!found) {
    put("moved-note", stores[store].stores > 1
      ? "The page does not hold why the revenue of added up stores moved."
      : `${whose} sold nothing in ${moved.period} and ${moved.before}.`);
    put("moved");
    draw("moved", []);
    return;
  }
  const causes = found.parts.map((part, at) => ({ ...moved.causes[at], part })).filter(({ part }) => digits(part));
  const difference = digits(found.revenue) - digits(found.revenue_before);
  put("moved-note", `${whose}: ${revenue.text(digits(found.revenue))} ${page.currency} in ${moved.period}, `
    + `${revenue.signed(difference)} on ${moved.before}. The causes add up to the change.`
    + (isOfStore || store === null ? "" : " The page does not hold the causes of each store."));
  const total = (cause, part) => ({ kind: "total", cells: [cause, "", part] });
  showTable("moved", {
    caption: `What changed revenue from ${moved.before} to ${moved.period}`,
    columns: [{ header: "Cause" }, { header: "That is" }, { header: page.currency, figure: true }],
    rows: [
      { cells: [`Revenue ${moved.before}`, "", revenue.text(digits(found.revenue_before))] },
      ...causes.map(({ cause, meaning, part }) => ({ cells: [cause, meaning, change(digits(part), revenue.signed(digits(part)))] })),
      total(`Revenue ${moved.period}`, revenue.text(digits(found.revenue))),
    ],
  });
  draw("moved", steps({ ...found, before: moved.before, period: moved.period, causes }, digits));
}

/** The bars of the causes, each from where the one before it ends. */
function steps(moved, digits) {
  const at = (each) => size(each, SHOWN_DECIMALS);
  const { revenue } = MEASURES;
  const end = (name, text) => ({ cause: name, kind: "total", start: 0, end: at(digits(text)), shown: revenue.text(digits(text)) });
  let sofar = digits(moved.revenue_before);
  const bars = moved.causes.map(({ cause, part }) => {
    const start = sofar;
    sofar += digits(part);
    return { cause, kind: digits(part) < 0n ? "loss" : "gain", start: at(start), end: at(sofar), shown: revenue.signed(digits(part)) };
  });
  return [end(moved.before, moved.revenue_before), ...bars, end(moved.period, moved.revenue)];
}

function options(select, entries, value) {
  select.replaceChildren(...entries.map(([key, text]) => element("option", { value: key }, text)));
  select.value = String(value);
}

/** Ranges that are often asked for: name -> place of the first month and of the last one. */
function ranges() {
  const last = page.months.length - 1;
  const year = page.months.findIndex((month) => month.year === page.months[last].year);
  return {
    "Last month": [last, last], "Year to date": [year, last],
    "Last 12 months": [Math.max(0, last - 11), last], "All": [0, last],
  };
}

function pressRanges() {
  const now = `${byId("first").value} ${byId("last").value}`;
  for (const button of byId("ranges").children) {
    button.setAttribute("aria-pressed", String(button.value === now));
  }
}

const BY = { day: "Days", week: "Weeks", month: "Months", quarter: "Quarters", year: "Years" };

function prepareControls() {
  options(byId("by"), Object.entries(BY).filter(([by]) => DAYS || !WEEKS_AND_DAYS.has(by)), "month");
  const months = page.months.map((month, at) => [at, page.spans[month.span].name]);
  options(byId("store"), [["", "All stores"], ...stores.map((store, at) => [at, store.name])], "");
  const [first, last] = ranges()["Last 12 months"];
  options(byId("first"), months, first);
  options(byId("last"), months, last);
  put("ranges", ...Object.entries(ranges()).map(([name, [from, to]]) => {
    const button = element("button", { type: "button", value: `${from} ${to}` }, name);
    button.addEventListener("click", () => {
      byId("first").value = String(from);
      byId("last").value = String(to);
      render();
    });
    return button;
  }));
  byId("choice").addEventListener("change", ({ target }) => {
    const [from, to] = [Number(byId("first").value), Number(byId("last").value)];
    if (from > to) byId(target.id === "last" ? "first" : "last").value = target.value;
    render();
  });
  byId("choice").addEventListener("submit", (event) => event.preventDefault());
}

function showParts() {
  const months = page.months.map((month) => page.spans[month.span].name);
  const when = page.finished_at.replace("T", " ").slice(0, 16);
  const isNet = page.tax.revenue === "net_of_tax";
  put("about", `As run ${page.run_id} left it on ${when} UTC. Revenue in ${page.currency}${isNet ? ", without tax" : ""}.`);
  document.title = `Sales report ${months[months.length - 1]}`;
  put("title", `Sales report, ${months[months.length - 1]}`);
  const notes = page.tax.note && !isNet ? [page.tax.note, ...page.left_out] : page.left_out;
  put("left-out", ...notes.map((text) => element("p", { class: "notice" }, text)));
  put("definitions", ...page.definitions.flatMap(({ term, meaning }) => [element("dt", {}, term), element("dd", {}, meaning)]));
  put("foot", `Made by sales_pipeline ${page.version} from gold and ops of run ${page.run_id}. The page asks nothing of any network.`);
  showListing("quarantine", page.quarantine);
  showListing("unknown-names", page.unknown_names);
  showListing("balance", page.balance);
  showListing("closings", page.closings);
}

prepareControls();
showParts();
render();
