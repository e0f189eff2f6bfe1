// What the server says of the rows while they are typed: errors at fields, states of rows, counts, and how a date, a
// time or a number was understood. Nothing is said of a row that has changed since it was asked about.
const PLACE = ".field, .rows__type, .rows__owner, .rows__note";
const CONTROL = "[name][id], summary[id]";

/** Return the id of the control that the focus is in, where nothing is said at it yet; else nothing. */
export function inHand(form) {
  const focused = document.activeElement;
  if (!form.contains(focused)) return "";
  const control = focused.matches(`tbody :is(${CONTROL})`) ? focused : placeOf(focused)?.querySelector(CONTROL);
  return control && !document.getElementById(`${control.id}-error`) ? control.id : "";
}

/** Whether the focus goes from a field to somewhere that is not the same field. */
export function isLeft(event) {
  const place = placeOf(event.target);
  return Boolean(place) && !place.contains(event.relatedTarget);
}

/** Return the ids of the controls at which something is said. */
export function told(form) {
  return errors(form).map((error) => controlId(error));
}

/** Say what the answer says; `isAsSent` tells of a row's number whether it stands as it was sent. */
export function tell(form, answer, isAsSent) {
  for (const row of answer.rows) if (isAsSent(row.number)) tellRow(row);
  for (const error of errors(form)) {
    const id = controlId(error);
    if (!answer.told[id] && isAsSent(rowOf(id))) takeBack(id, error);
  }
  const fresh = Object.entries(answer.told).filter(([id, { row }]) => isAsSent(row || rowOf(id)));
  const said = fresh.filter(([id, problem]) => sayAt(id, problem.at_field)).map(([, problem]) => problem.text);
  if (said.length) announce(said.join(" "));
  for (const [id, text] of Object.entries(answer.shown)) if (isAsSent(rowOf(id))) showBack(id, text);
  const editor = form.closest("row-editor");
  if (editor?.drawnAnew) editor.drawnAnew();
  else tellCounts(answer);
}

/** Say something to whoever does not see the page. */
export function announce(text) {
  const said = document.getElementById("said");
  if (said) said.textContent = text;
}

function tellRow({ number, state, glyph, words }) {
  const row = document.getElementById(`row-${number}`);
  if (!row || row.dataset.outcome === state) return;
  row.dataset.outcome = state;
  row.querySelector(".rows__number summary .glyph use")?.setAttribute("href", `#g-${glyph}`);
  const inWords = row.querySelector("[data-state-in-words]");
  if (inWords) inWords.textContent = words;
}

function tellCounts({ count, review }) {
  const page = new DOMParser().parseFromString(count, "text/html");
  for (const id of ["tally", "filled"]) {
    const [old, fresh] = [document, page].map((each) => each.getElementById(id));
    if (!old || !fresh || old.contains(document.activeElement) || old.innerHTML === fresh.innerHTML) continue;
    old.replaceWith(document.adoptNode(fresh));
  }
  const button = document.querySelector(".action-bar__buttons .button--primary");
  if (button.textContent !== review) button.textContent = review;
}

function sayAt(id, text) {
  const control = document.getElementById(id);
  const place = control && placeOf(control);
  if (!place) return false;
  const before = document.getElementById(`${id}-error`);
  if (before) {
    const words = before.querySelector("span");
    const isNew = words.textContent !== text;
    if (isNew) words.textContent = text;
    return isNew;
  }
  const error = document.getElementById("field-error").content.firstElementChild.cloneNode(true);
  error.id = `${id}-error`;
  error.querySelector("span").textContent = text;
  place.append(error);
  for (const each of pointers(control, place)) {
    if (!each.matches("summary")) each.setAttribute("aria-invalid", "true");
    each.setAttribute("aria-describedby", [...described(each), error.id].join(" "));
  }
  const fold = control.closest("details.more");
  if (fold) fold.open = true;
  return true;
}

function takeBack(id, error) {
  const control = document.getElementById(id);
  error.remove();
  if (!control) return;
  for (const each of pointers(control, placeOf(control))) {
    each.removeAttribute("aria-invalid");
    const left = described(each).filter((name) => name !== error.id);
    if (left.length) each.setAttribute("aria-describedby", left.join(" "));
    else each.removeAttribute("aria-describedby");
  }
}

function showBack(id, text) {
  const control = document.getElementById(id);
  if (!control || control === document.activeElement || control.value === text) return;
  control.value = text;
  control.dispatchEvent(new Event("input", { bubbles: true }));
}

/** A control, and what stands in its place where it is made better by a script. */
function pointers(control, place) {
  const isFirst = place.querySelector(CONTROL) === control;
  return new Set([control, ...(isFirst ? place.querySelectorAll("[role=combobox]") : [])]);
}

function described(control) {
  return (control.getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean);
}

function errors(form) {
  return [...form.querySelectorAll("tbody .field__error[id$='-error']")];
}

function controlId(error) {
  return error.id.slice(0, -"-error".length);
}

function rowOf(id) {
  return Number(/^r(\d+)-/.exec(id)?.[1] ?? 0);
}

function placeOf(element) {
  return element.closest(PLACE);
}
