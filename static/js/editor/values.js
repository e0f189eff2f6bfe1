// What stands in the fields of a row. A field is known by what follows the row's number in the names of its controls:
// "type", "owner", "note", "v208-mx_Custom_2", so that it stays the same when the row moves.
const OF_A_ROW = /^r\d+-/;
const ALL = "input, select, textarea";

/** The field that this element edits: a control, or something in the multiple choice or combobox around one. */
export function fieldAt(element) {
  const named = element?.name && OF_A_ROW.test(element.name) ? element : element?.closest?.("combo-box, .multi")?.querySelector("[name^=r]");
  return named && OF_A_ROW.test(named.name) ? named.name.replace(OF_A_ROW, "") : "";
}

/** The names of all fields that a row shows, in its order. */
export function fieldsOf(row) {
  const names = [...row.querySelectorAll(ALL)].filter((each) => each.type !== "hidden").map(fieldAt);
  return [...new Set(names)].filter(Boolean);
}

/** The controls of a field: one, or the boxes of a multiple choice. */
export function controlsOf(row, field) {
  return named(row, field).filter((each) => each.type !== "hidden");
}

/** The values of a field, those that are empty left out; undefined where the row has no such field. */
export function read(row, field) {
  const controls = controlsOf(row, field);
  if (!controls.length) return undefined;
  const [first] = controls;
  if (first.type === "checkbox") return controls.filter((box) => box.checked).map((box) => box.value);
  const waiting = first.disabled ? hiddenOf(row, field) : null;
  return [waiting ? waiting.value : first.value].filter(Boolean);
}

export function isSame(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Put values into a field and tell everybody; false where its list does not offer them, unless they are `forced`. */
export function write(row, field, values, { forced = false } = {}) {
  const controls = controlsOf(row, field);
  if (!controls.length) return false;
  const [first] = controls;
  const value = values.join(", ");
  if (first.type === "checkbox") {
    for (const box of controls) box.checked = values.includes(box.value);
    nameChosen(first.closest(".multi"));
  } else if (first.disabled) {
    // A list that waits for another one keeps its value beside it until the server has drawn it.
    hiddenOf(row, field)?.remove();
    if (value) first.after(Object.assign(document.createElement("input"), { type: "hidden", name: first.name, value }));
  } else {
    if (first.options && ![...first.options].some((option) => option.value === value)) {
      if (!forced) return false;
      first.add(new Option(value, value));
    }
    first.value = value;
  }
  for (const type of ["input", "change"]) first.dispatchEvent(new Event(type, { bubbles: true }));
  return true;
}

/** What takes the focus for a field. */
export function focusable(row, field) {
  const control = controlsOf(row, field).find((each) => !each.disabled);
  if (control?.type === "checkbox") return control.closest(".multi").querySelector("summary");
  return control?.closest("combo-box")?.querySelector("[role=combobox]") ?? control;
}

/** The first field of a row that is in view and empty, else its note. */
export function firstEmpty(row) {
  const isOffered = (field) => {
    const [control] = controlsOf(row, field);
    return !control.disabled && !control.closest(".more:not([open])") && !read(row, field).length;
  };
  return fieldsOf(row).find(isOffered) ?? "note";
}

/** The words on a field's label, without what is only read out. */
export function labelOf(row, field) {
  const [control] = controlsOf(row, field);
  const id = CSS.escape(control.id);
  const isChoice = control.type === "checkbox";
  const label = isChoice ? control.closest("fieldset").querySelector("legend") : row.querySelector(`label:is([for="${id}"], [for="${id}-combo"])`);
  const texts = [...(label?.childNodes ?? [])].filter((node) => node.nodeType === Node.TEXT_NODE);
  return texts.map((node) => node.textContent).join("").trim();
}

/** A closed multiple choice shows what is ticked in it. */
export function nameChosen(choice) {
  const ticked = [...choice.querySelectorAll(":checked")].map((box) => box.value);
  choice.querySelector("summary").firstChild.textContent = ticked.join(", ") || "Choose";
}

function named(row, field) {
  const number = row.id.slice("row-".length);
  return [...row.querySelectorAll(`[name="${CSS.escape(`r${number}-${field}`)}"]`)];
}

function hiddenOf(row, field) {
  return named(row, field).find((each) => each.type === "hidden");
}
