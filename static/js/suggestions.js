// The page's one list of suggestions: a listbox in the top layer, under (or over) the input that it belongs to.
// It knows nothing of what is suggested; <combo-box> tells it what to show and is told what was chosen.
const MARGIN = 8; // pixels that stay free at the window's edges
const LOWEST = 160; // a list lower than this goes to the roomier side
const HIGHEST = 320;
const NARROWEST = 288;
export const LIST_ID = "suggestions";

let panel, list, more;
let owner = null;
let input = null;
let shown = [];
let active = -1;
let isScrolled = false; // known without asking: the answer would cost a layout at every key

/** Show these entries for a combo-box; `rest` is what is said above them, `at` the one that is highlighted. */
export function show(combo, control, entries, rest, at) {
  if (!panel) build();
  if (owner && owner !== combo) close(owner);
  const isNew = owner !== combo;
  owner = combo;
  input = control;
  shown = entries;
  list.replaceChildren(...entries.map(option));
  if (more.textContent !== rest) more.textContent = rest;
  more.hidden = !rest;
  list.hidden = !entries.length;
  if (isScrolled) list.scrollTop = 0;
  isScrolled = false;
  if (isNew) open();
  highlight(at);
}

/** Take the list away, if it is this combo-box's. */
export function close(combo) {
  if (owner !== combo) return;
  input.setAttribute("aria-expanded", "false");
  input.removeAttribute("aria-controls");
  input.removeAttribute("aria-activedescendant");
  document.removeEventListener("scroll", follow, true);
  window.removeEventListener("resize", place);
  if (panel.matches(":popover-open")) panel.hidePopover();
  owner = input = null;
}

/** Whether the list that is open is this combo-box's. */
export function isOpenFor(combo) {
  return owner === combo;
}

/** The entry that is highlighted, if there is one. */
export function highlighted() {
  return shown[active];
}

/** Highlight the entry at a place, counted from the other end beyond the last one. */
export function highlight(at) {
  const options = list.children;
  options[active]?.setAttribute("aria-selected", "false");
  active = options.length && at >= 0 ? at : -1;
  const option = options[active];
  if (!option) return input.removeAttribute("aria-activedescendant");
  option.setAttribute("aria-selected", "true");
  input.setAttribute("aria-activedescendant", option.id);
  if (active > 0 || isScrolled) intoView(option);
}

/** Move the highlight by so many places; past an end it comes in at the other, but only step by step. */
export function move(by) {
  const last = shown.length - 1;
  if (last < 0) return;
  const next = active + by;
  if (Math.abs(by) === 1) highlight(next > last ? 0 : active < 0 && by < 0 ? last : next < 0 ? last : next);
  else highlight(Math.max(0, Math.min(last, next)));
}

/** Highlight the first entry, or the last one. */
export function moveToEnd(isLast) {
  highlight(isLast ? shown.length - 1 : 0);
}

function build() {
  panel = document.createElement("div");
  panel.className = "suggestions";
  panel.popover = "manual";
  list = document.createElement("ul");
  list.id = LIST_ID;
  list.setAttribute("role", "listbox");
  more = document.createElement("p");
  more.className = "suggestions__more";
  panel.append(more, list); // a count that stood below would move with every key
  panel.addEventListener("mousedown", (event) => event.preventDefault()); // the focus stays in the input
  panel.addEventListener("click", (event) => {
    const at = [...list.children].indexOf(event.target.closest("[role=option]"));
    if (at >= 0) owner?.choose(shown[at]);
  });
  document.querySelector("main").append(panel);
}

function option({ text, detail }, at) {
  const item = document.createElement("li");
  item.id = `${LIST_ID}-${at}`;
  item.setAttribute("role", "option");
  item.setAttribute("aria-selected", "false");
  item.append(text);
  if (detail) {
    const small = document.createElement("small");
    small.textContent = detail;
    item.append(" ", small);
  }
  return item;
}

function open() {
  list.setAttribute("aria-label", input.labels?.[0]?.textContent.trim() ?? "");
  input.setAttribute("aria-expanded", "true");
  input.setAttribute("aria-controls", LIST_ID);
  place();
  panel.showPopover();
  document.addEventListener("scroll", follow, { capture: true, passive: true });
  window.addEventListener("resize", place);
}

function follow(event) {
  if (event.target !== panel && event.target !== list) place();
}

function place() {
  const box = input.getBoundingClientRect();
  const { clientWidth } = document.documentElement;
  const height = window.visualViewport?.height ?? window.innerHeight;
  const below = height - box.bottom - MARGIN;
  const isAbove = below < LOWEST && box.top > below;
  const width = Math.min(Math.max(box.width, NARROWEST), clientWidth - 2 * MARGIN);
  const { style } = panel;
  style.setProperty("inline-size", `${width}px`);
  style.setProperty("left", `${Math.max(MARGIN, Math.min(box.left, clientWidth - MARGIN - width))}px`);
  style.setProperty("max-block-size", `${Math.min(HIGHEST, (isAbove ? box.top : below) - 2)}px`);
  style.setProperty("top", isAbove ? "auto" : `${box.bottom + 2}px`);
  style.setProperty("bottom", isAbove ? `${window.innerHeight - box.top + 2}px` : "auto");
}

function intoView(option) {
  isScrolled = true;
  const [top, bottom] = [option.offsetTop, option.offsetTop + option.offsetHeight];
  if (top < list.scrollTop) list.scrollTop = top;
  else if (bottom > list.scrollTop + list.clientHeight) list.scrollTop = bottom - list.clientHeight;
}
