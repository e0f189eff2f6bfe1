// Rows as elements: their numbers and states, copies of them, their places in the table. Knows no events and no focus.
import { controlsOf, fieldAt, nameChosen } from "./values.js";

export const MOST_ROWS = 25;
const NUMBERED = ["id", "name", "for", "list", "href", "aria-controls", "aria-describedby", "aria-labelledby", "aria-owns"];
const NUMBERED_ELEMENTS = NUMBERED.map((name) => `[${name}]`).join();
const GLYPHS = { ready: "ready", error: "warning" };
const WORDS = { error: "has a problem", free: "empty" };

export function numberOf(row) {
  return Number(row.id.slice("row-".length));
}

export function typeOf(row) {
  return controlsOf(row, "type")[0]?.value ?? "";
}

/** The code of a row's type, chosen or typed; empty where there is none. */
export function codeOf(row) {
  const chosen = typeOf(row);
  return chosen === "other" ? (controlsOf(row, "code")[0]?.value.trim() ?? "") : chosen;
}

export function fieldsCell(row) {
  return row.querySelector(":scope > .rows__fields");
}

/** Whether the fields of a row are those of its type, and not of one that it had before. */
export function hasItsFields(row) {
  const cell = fieldsCell(row);
  const code = codeOf(row);
  const shown = cell?.querySelector("[name*='-v']:not([type=hidden])")?.name.match(/^r\d+-v(\d+)-\w/);
  return !code || Boolean(cell && (!shown || shown[1] === code));
}

export function isFree(row) {
  return row.dataset.outcome === "free";
}

/** Whether nothing stands in a row; an owner alone is nothing, as every new row has one. */
export function isBlank(row) {
  if (typeOf(row) || controlsOf(row, "note")[0]?.value) return false;
  return !hasValues(fieldsCell(row));
}

/** Whether anything stands in the fields of a type, that which is kept for other types included. */
export function hasValues(cell) {
  return [...(cell?.querySelectorAll("input, select, textarea") ?? [])].some((each) =>
    each.type === "checkbox" ? each.checked : each.value && !/-(drawn|follows|refused-\w+)$/.test(each.name),
  );
}

export function setState(row, state) {
  row.dataset.outcome = state;
  row.querySelector(".rows__number use").setAttribute("href", `#g-${GLYPHS[state] ?? "waiting"}`);
  row.querySelector("[data-state-in-words]").textContent = inWords(state);
}

export function inWords(state) {
  return WORDS[state] ?? state;
}

/** Give everything in a row, or in a part that is to stand in it, the row's number. */
export function renumber(element, number) {
  for (const each of [element, ...element.querySelectorAll(NUMBERED_ELEMENTS)]) {
    for (const name of NUMBERED) {
      const old = each.getAttribute(name) ?? "";
      const fresh = old.replace(/(^|\s)(#?)r\d+-/g, `$1$2r${number}-`);
      if (fresh !== old) each.setAttribute(name, fresh);
    }
  }
  for (const each of element.querySelectorAll("[aria-label]")) {
    each.setAttribute("aria-label", each.getAttribute("aria-label").replace(/, row \d+$/, `, row ${number}`));
  }
  for (const each of element.querySelectorAll(".vh")) {
    const text = each.textContent.replace(/\brow \d+(?=$| by its SchemaName)/, `row ${number}`);
    if (text !== each.textContent) each.textContent = text;
  }
  for (const each of element.querySelectorAll("[data-redraws]")) each.dataset.redraws = number;
  if (element.localName !== "tr") return;
  element.id = `row-${number}`;
  for (const each of element.querySelectorAll("button[name=do]")) each.value = each.value.replace(/\d+$/, number);
  element.querySelector(".rows__number summary > .vh").nextSibling.textContent = `${number} `;
}

/** The same row once more, under the same number; what it puts right of another submission stays with the first. */
export function copyOf(row) {
  const copy = row.cloneNode(true);
  const refused = copy.querySelector("[name$=-refused-field]")?.value;
  copyChoices(row, copy);
  for (const each of copy.querySelectorAll("[name$=-follows], [name*=-refused-], .rows__reason")) each.remove();
  for (const each of refused ? copy.querySelectorAll(`[id$="${CSS.escape(`-${refused}`)}"]`) : []) {
    uncomplain(each.closest(".field") ?? each);
  }
  closeMenus(copy);
  return copy;
}

/** A new row of the same type and owner, of which nothing else is kept. */
export function emptied(row, drawn) {
  const copy = copyOf(row);
  for (const each of copy.querySelectorAll(".rows__note textarea")) empty(each);
  const old = fieldsCell(copy);
  if (old) old.replaceWith(emptiedFields(fieldsCell(row), drawn));
  uncomplain(copy);
  setState(copy, typeOf(copy) ? "unfinished" : "free");
  renumber(copy, numberOf(row));
  return copy;
}

/** The fields of a row without their values, laid out as they are; lists that follow others as the server drew them. */
export function emptiedFields(cell, drawn) {
  const copy = cell.cloneNode(true);
  for (const each of copy.querySelectorAll("input[type=hidden]:not([name$=-drawn])")) each.remove();
  for (const each of copy.querySelectorAll("input:not([type=hidden]), select, textarea")) {
    const field = fieldAt(each);
    if (/^b(?!1-)\d+-(name|value)$/.test(field)) {
      each.closest(".field").remove();
      continue;
    }
    const asDrawn = drawn && [...drawn.querySelectorAll("select")].find((one) => fieldAt(one) === field);
    if (asDrawn) each.closest(".field").replaceWith(asDrawn.closest(".field").cloneNode(true));
    else empty(each);
  }
  for (const choice of copy.querySelectorAll(".multi")) nameChosen(choice);
  // A fold that was opened to fill something in it stays open: the rows of a run look alike.
  for (const fold of copy.querySelectorAll(".more")) fold.open &&= hasValues(cell.querySelector(".more"));
  uncomplain(copy);
  closeMenus(copy);
  return copy;
}

/** Put rows into this order and number them; `anchor` is the one that stays where it is, with focus and caret. */
export function arrange(body, order, anchor) {
  order.forEach((row, index) => {
    if (numberOf(row) !== index + 1) renumber(row, index + 1);
  });
  for (const row of [...body.rows]) if (!order.includes(row)) row.remove();
  const at = Math.max(0, order.includes(anchor) ? order.indexOf(anchor) : order.findIndex((row) => row.isConnected));
  if (!order[at].isConnected) body.prepend(order[at]);
  for (let place = at; place > 0; place--) {
    if (order[place].previousElementSibling !== order[place - 1]) order[place].before(order[place - 1]);
  }
  for (let place = at; place < order.length - 1; place++) {
    if (order[place].nextElementSibling !== order[place + 1]) order[place].after(order[place + 1]);
  }
}

/** A row of the same type as the one above it repeats no labels. */
export function markRuns(body) {
  let above = "";
  for (const row of body.rows) {
    const code = codeOf(row);
    row.toggleAttribute("data-same-type", Boolean(code) && code === above);
    above = code;
  }
}

function empty(control) {
  if (control.type === "checkbox") {
    control.checked = false;
    control.removeAttribute("checked");
  } else if (control.options) control.selectedIndex = 0;
  else {
    control.value = "";
    if (control.localName === "textarea") control.textContent = "";
    else control.removeAttribute("value");
  }
}

/** A clone of a list forgets what was chosen in it. */
function copyChoices(row, copy) {
  const copies = copy.querySelectorAll("select");
  row.querySelectorAll("select").forEach((each, index) => (copies[index].selectedIndex = each.selectedIndex));
}

function uncomplain(element) {
  for (const each of element.querySelectorAll(".field__error")) each.remove();
  for (const each of element.querySelectorAll("[aria-invalid], [aria-describedby$=-error]")) {
    each.removeAttribute("aria-invalid");
    each.removeAttribute("aria-describedby");
  }
}

function closeMenus(element) {
  for (const each of element.querySelectorAll("details[name=menu]")) each.open = false;
}
