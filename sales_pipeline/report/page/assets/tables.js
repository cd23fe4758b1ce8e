// Tables and other parts of the page. Whatever is shown is text: no part of it is ever markup.

function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value !== null && value !== undefined && value !== false) {
      made.setAttribute(key, value === true ? "" : value);
    }
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

const byId = (id) => document.getElementById(id);
const put = (id, ...children) => byId(id).replaceChildren(...children);
const tone = (digits) => (digits > 0n ? "gain" : digits < 0n ? "loss" : null);
/** A cell of a change: its colour says the same as its sign. */
const change = (digits, text) => ({ text, tone: digits === null ? null : tone(digits) });

/** Text of more characters gets a wider column. */
const LONG = 24;

/** A cell: text, or { text, sub, tone, tag }. */
function cellOf(cell, { figure = false }, isHeader) {
  const { text, sub, tone: colour, tag } = typeof cell === "object" ? cell : { text: cell };
  const look = figure ? "number" : isHeader ? null : text.length > LONG ? "text long" : "text";
  const kind = [look, colour].filter(Boolean).join(" ");
  const parts = [text, tag ? " " : null, tag ? element("span", { class: "tag" }, tag) : null];
  if (sub) parts.push(element("span", { class: "sub" }, sub));
  const properties = { class: kind || null, scope: isHeader ? "row" : null };
  return element(isHeader ? "th" : "td", properties, ...parts);
}

/**
 * Shows a table: the first column names the row.
 *
 * caption: what it shows. columns: { header, figure }. rows: { cells, kind }. note: a line below.
 * most: how many rows are shown at first.
 */
function showTable(id, { caption, columns, rows, note = "", most = Infinity }) {
  const shown = rows.length > most + 5 ? most : rows.length;
  const body = element("tbody", {}, ...rows.map(({ cells, kind }, place) =>
    element("tr", { class: kind || null, hidden: place >= shown && kind !== "total" },
      ...cells.map((cell, at) => cellOf(cell, columns[at], at === 0)))));
  const head = element("thead", {}, element("tr", {}, ...columns.map(({ header, figure }) =>
    element("th", { scope: "col", class: figure ? "number" : null }, header))));
  const table = element("table", {}, element("caption", {}, caption), head, body);
  const scroll = element("div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": caption }, table);
  const parts = rows.length ? [scroll] : [];
  if (shown < rows.length) parts.push(moreButton(body, rows.length));
  if (note) parts.push(element("p", { class: "note" }, note));
  put(id, ...parts);
}

function moreButton(body, count) {
  const button = element("button", { type: "button", class: "more" }, `Show all ${count} rows`);
  button.addEventListener("click", () => {
    const hidden = [...body.querySelectorAll("tr[hidden]")];
    hidden.forEach((row) => row.removeAttribute("hidden"));
    button.remove();
    body.parentElement.parentElement.focus();
  });
  return button;
}

/** Shows a table that the page holds ready. */
function showListing(id, { caption, columns, rows, note }) {
  const kinds = columns.map(({ header, is_figure }) => ({ header, figure: is_figure }));
  showTable(id, { caption, columns: kinds, rows: rows.map((cells) => ({ cells })), note, most: 25 });
}

/** A headline figure with a line or two about it. */
function card({ title, figure, unit = "", details = [] }) {
  return element("div", { class: "card" },
    element("dt", {}, title),
    element("dd", { class: "figure" }, figure,
      unit ? element("span", { class: "unit" }, unit) : null),
    ...details.map(({ text, tone: colour }) =>
      element("dd", { class: ["detail", colour].filter(Boolean).join(" ") }, text)));
}
