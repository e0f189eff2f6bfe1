// What the commands mean. Each looks at the rows and returns a plan: the rows in their new order, the values to write,
// where the focus goes and what is said. It changes nothing itself, so that every plan is one step to undo.
import { codeOf, copyOf, emptied, isBlank, isFree, MOST_ROWS, numberOf, typeOf } from "./rows.js";
import { controlsOf, fieldsOf, isSame, labelOf, read } from "./values.js";
import { keyName } from "./shortcuts.js";

const FULL = `${MOST_ROWS} rows are the most that one call takes`;

/** @typedef {{order?: Element[], copies?: [Element, Element][], writes?: [Element, string, string[]][],
 *    focus?: [Element, string], said: string}} Plan  `focus` names a field, or "menu", or "" for the first empty one. */

export const COMMANDS = {
  add: ({ rows, blank }) => {
    const last = rows.at(-1);
    if (rows.length >= MOST_ROWS) return isFree(last) ? { focus: [last, "type"], said: "" } : { said: FULL };
    const row = blank();
    return { order: [...rows, row], focus: [row, "type"], said: `Row ${rows.length + 1} added` };
  },

  below: ({ rows, row, drawn }) => {
    const number = numberOf(row);
    if (isFree(row)) return { focus: [row, ""], said: `Row ${number} is empty: fill it first` };
    return inserted(rows, row, emptied(row, drawn(codeOf(row))), "", `Row ${number + 1} added below row ${number}`);
  },

  duplicate: ({ rows, row, field }) => {
    const number = numberOf(row);
    return inserted(rows, row, copyOf(row), field || "menu", `Row ${number} duplicated: its copy is row ${number + 1}`);
  },

  remove: ({ rows, row, field }) => {
    const number = numberOf(row);
    const order = rows.filter((each) => each !== row);
    if (isFree(row) && row === rows.at(-1)) return { said: `Row ${number} is empty already` };
    const next = order[Math.min(number - 1, order.length - 1)];
    const said = `Row ${number} removed. ${keyName("Ctrl Z")} brings it back`;
    return { order, focus: [next, field || "menu"], said };
  },

  up: (context) => moved(context, -1),
  down: (context) => moved(context, 1),

  group: ({ rows, row, field }) => {
    const first = new Map();
    const place = (each) => (codeOf(each) ? first.get(codeOf(each)) : rows.length);
    rows.forEach((each, index) => first.has(codeOf(each)) || first.set(codeOf(each), index));
    const order = [...rows].sort((one, other) => isFree(one) - isFree(other) || place(one) - place(other));
    if (isSame(order.map(numberOf), rows.map(numberOf))) return { said: "The rows are grouped by type already" };
    return { order, focus: row && [row, field || "menu"], said: "Rows grouped by type" };
  },

  /** One field, as it stands in the row above. */
  fill: ({ rows, row, field }) => {
    const number = numberOf(row);
    const above = rows[number - 2];
    if (!above) return { said: "There is no row above" };
    if (!field) return { said: "Go to the field that is to be filled" };
    const values = read(above, field);
    if (!values) return { said: `Row ${number - 1} has no such field: it is of another type` };
    if (isSame(values, read(row, field))) return { said: `It is the same in row ${number - 1}` };
    return { writes: [[row, field, values]], said: `${labelOf(row, field)} of row ${number} filled from row ${number - 1}` };
  },

  /** Everything that is empty in the row, from the row above. */
  filldown: ({ rows, row }) => {
    const number = numberOf(row);
    const above = rows[number - 2];
    if (!above) return { said: "There is no row above" };
    const said = `Row ${number} filled from row ${number - 1}`;
    if (isBlank(row)) {
      const copy = copyOf(above);
      return { order: rows.with(number - 1, copy), copies: [[above, copy]], focus: [copy, "menu"], said };
    }
    const isSameType = typeOf(row) === typeOf(above) && codeOf(row) === codeOf(above);
    const fields = fieldsOf(row).filter((field) => isSameType || ["owner", "note"].includes(field));
    const writes = fields
      .filter((field) => !read(row, field).length && read(above, field)?.length)
      .map((field) => [row, field, read(above, field)]);
    return writes.length ? { writes, focus: [row, "menu"], said } : { said: `Nothing to fill in row ${number}` };
  },

  column: ({ rows, row, field }) => {
    if (!row || !field || ["type", "code"].includes(field)) return { said: "Go to an owner, a note or a field of the type first" };
    const of = rows.filter((each) => each !== row && !isFree(each) && codeOf(each) === codeOf(row));
    const values = read(row, field);
    const writes = of.filter((each) => !isSame(read(each, field), values)).map((each) => [each, field, values]);
    const what = labelOf(row, field);
    if (!of.length) return { said: "No other row has this type" };
    if (!writes.length) return { said: `${what} is the same in all ${of.length + 1} rows of this type` };
    return { writes, focus: [row, field], said: `${what} of row ${numberOf(row)} set in all ${of.length + 1} rows of this type` };
  },
};

/** The field with this name in the next or previous row, else its type. */
export function neighbour({ rows, row, field }, by) {
  const next = rows[numberOf(row) - 1 + by];
  if (!next) return undefined;
  const [control] = controlsOf(next, field);
  return [next, control && !control.disabled && !control.closest(".more:not([open])") ? field : "type"];
}

function inserted(rows, row, copy, field, said) {
  const places = rows.at(-1) !== row && isFree(rows.at(-1)) && rows.length >= MOST_ROWS ? rows.slice(0, -1) : rows;
  if (places.length >= MOST_ROWS) return { said: FULL };
  const order = places.toSpliced(numberOf(row), 0, copy);
  return { order, copies: [[row, copy]], focus: [copy, field], said };
}

function moved({ rows, row, field }, by) {
  const from = numberOf(row) - 1;
  const to = from + by;
  if (isFree(row)) return { said: `Row ${from + 1} is empty: there is nothing to move` };
  if (to < 0) return { said: `Row ${from + 1} is the first row already` };
  if (!rows[to] || (isFree(rows[to]) && to === rows.length - 1)) return { said: `Row ${from + 1} is the last row already` };
  const order = rows.toSpliced(from, 1).toSpliced(to, 0, row);
  const said = `Row ${from + 1} moved ${by < 0 ? "up" : "down"}. It is row ${to + 1} now`;
  return { order, focus: [row, field || "menu"], said };
}
