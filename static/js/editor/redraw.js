// Has the server draw rows anew: the fields of a type, a list that follows another. Rows are told apart as elements, so
// that they may be moved, added and removed while the server draws.
import { nativeOf } from "../combo-box.js";
import { codeOf, fieldsCell, hasValues, numberOf, renumber, typeOf } from "./rows.js";
import { controlsOf, fieldsOf, nameChosen } from "./values.js";

const REDRAWN_CELLS = ["rows__number", "rows__type", "rows__fields"];
const STATE_CELLS = ["rows__number"];
const AROUND = ["#count", "#discard", ".target__links"];

export class Redraw {
  isLeaving = false;
  #waiting = new Set();
  #asked = new Set();
  #drawn = new Map();

  constructor(editor) {
    this.editor = editor;
  }

  get form() {
    return this.editor.querySelector("form");
  }

  get rows() {
    return [...this.editor.querySelector("tbody").rows];
  }

  /** The fields of a type as the server draws them in an empty row, once it has. */
  drawn(code) {
    return this.#drawn.get(code);
  }

  /** Whether the server draws this row at the moment. */
  awaits(row) {
    return this.#waiting.has(row) || this.#asked.has(row);
  }

  /** Ask the server for the page as it stands now and take over this row, or "all". */
  async ask(row) {
    this.#waiting.add(row);
    if (this.editor.hasAttribute("aria-busy")) return; // one question at a time: the server keeps the last one as the draft
    this.editor.setAttribute("aria-busy", "true");
    try {
      let sent, page, rows;
      while (this.#waiting.size) {
        for (const each of this.#waiting) this.#asked.add(each);
        this.#waiting.clear();
        rows = this.rows;
        sent = new FormData(this.form);
        sent.set("do", "refresh");
        const answer = await fetch(this.form.action, { method: "POST", body: new URLSearchParams(sent) });
        page = new DOMParser().parseFromString(await answer.text(), "text/html");
        if (!page.querySelector("row-editor form")) throw new Error(`no rows in the answer ${answer.status}`);
      }
      this.#takeOver(page, rows, sent);
    } catch {
      // The way without scripts, which also says what is wrong; but whoever leaves the page has left it.
      if (!this.isLeaving) this.form.requestSubmit(this.form.querySelector("[value=refresh]"));
    } finally {
      this.#waiting.clear();
      this.#asked.clear();
      this.editor.removeAttribute("aria-busy");
    }
  }

  #takeOver(page, rows, sent) {
    const drawn = page.querySelector("row-editor form");
    const focused = document.activeElement;
    const { selectionStart, selectionEnd } = focused;
    const changed = rows.flatMap((row, index) => changedSince(sent, row, index + 1));
    const theirs = [...drawn.querySelectorAll("tbody tr")];
    rows.forEach((mine, index) => {
      // A row whose type was taken back meanwhile is not the one that the server drew.
      if (!theirs[index] || sent.get(`r${index + 1}-type`) !== typeOf(mine)) return;
      renumber(theirs[index], numberOf(mine));
      this.#takeOverRow(mine, theirs[index]);
      this.editor.settle(mine);
    });
    for (const name of ["draft", "version", "opportunity"]) {
      this.editor.querySelector(`[name=${name}]`).value = drawn.querySelector(`[name=${name}]`).value;
    }
    for (const each of changed) putBack(each);
    takeOverAround(page, this.editor);
    this.editor.drawnAnew();
    const now = document.getElementById(focused.id);
    if (!now || now === document.activeElement) return;
    now.focus({ preventScroll: true });
    if (typeof selectionStart === "number") now.setSelectionRange?.(selectionStart, selectionEnd);
  }

  #takeOverRow(mine, theirs) {
    const isMeant = this.#asked.has("all") || this.#asked.has(mine);
    const isPutRight = mine.dataset.outcome === "error" && theirs.dataset.outcome === "ready";
    const names = isMeant || isPutRight ? [...REDRAWN_CELLS] : mine.dataset.outcome === "error" ? [] : STATE_CELLS;
    if (names.length) mine.dataset.outcome = theirs.dataset.outcome;
    if (names.length > 1) {
      this.#remember(theirs);
      // Owner and note may be typed in at this moment: they stay, unless they hold a complaint.
      names.push(...["rows__owner", "rows__note"].filter((name) => mine.querySelector(`.${name} [aria-invalid]`)));
      const fold = theirs.querySelector(".more");
      if (fold && mine.querySelector(".more")?.open) fold.open = true;
    }
    for (const name of names) {
      const [old, fresh] = [mine.querySelector(`.${name}`), theirs.querySelector(`.${name}`)];
      if (name === "rows__number" && old.querySelector("details")?.open) continue;
      if (!fresh) old?.remove();
      else if (old) replaceAroundFocus(old, document.adoptNode(fresh));
      else mine.append(document.adoptNode(fresh));
    }
  }

  #remember(row) {
    const [code, cell] = [codeOf(row), fieldsCell(row)];
    if (code && cell && !hasValues(cell) && !cell.querySelector("[aria-invalid]")) {
      this.#drawn.set(code, document.importNode(cell, true));
    }
  }
}

/** What has the focus stays in its place: a list that is chosen from by typing forgets the first letters else. */
function replaceAroundFocus(old, fresh) {
  const focused = document.activeElement;
  const id = CSS.escape(nativeOf(focused).id);
  const kept = [...old.children].find((child) => child.contains(focused));
  const twin = kept && id && [...fresh.children].find((child) => child.matches(`#${id}, :has(#${id})`));
  if (!twin || kept.matches("[aria-invalid], :has([aria-invalid])")) {
    old.replaceWith(fresh);
    return;
  }
  for (const child of [...old.childNodes]) if (child !== kept) child.remove();
  let isBefore = true;
  for (const child of [...fresh.childNodes]) {
    if (child === twin) isBefore = false;
    else if (isBefore) kept.before(child);
    else old.append(child);
  }
  if (kept.matches("details")) replaceAroundFocus(kept, twin);
}

/** What was typed, chosen or ticked in a row while the server was drawing; it was sent under this number. */
function changedSince(sent, row, number) {
  return fieldsOf(row).flatMap((field) => {
    const before = sent.getAll(`r${number}-${field}`);
    return controlsOf(row, field)
      .filter((each) => !each.disabled)
      .filter((each) => (each.type === "checkbox" ? each.checked !== before.includes(each.value) : each.value !== before[0]))
      .map(({ value, type, checked }) => ({ row, field, value, type, checked }));
  });
}

function putBack({ row, field, value, type, checked }) {
  const controls = controlsOf(row, field);
  if (type === "checkbox") {
    const now = controls.find((box) => box.value === value);
    if (!now || now.checked === checked) return;
    now.checked = checked;
    nameChosen(now.closest(".multi"));
    return;
  }
  const [now] = controls;
  if (!now || now.value === value) return;
  if (now.options && ![...now.options].some((option) => option.value === value)) return;
  now.value = value;
  now.dispatchEvent(new Event("input", { bubbles: true })); // a combobox before it shows it
}

function takeOverAround(page, editor) {
  for (const selector of AROUND) {
    const [old, fresh] = [document.querySelector(selector), page.querySelector(selector)];
    if (old && fresh) old.replaceWith(document.adoptNode(fresh));
    else if (fresh) editor.after(document.adoptNode(fresh));
  }
  const said = (notice) => notice.textContent.replace(/\s+/g, " ").trim();
  const [olds, freshs] = [document, page].map((each) => [...each.querySelectorAll("main > .notice:not(#problems)")]);
  for (const old of olds) if (!freshs.some((fresh) => said(fresh) === said(old))) old.remove();
  for (const fresh of freshs) {
    if (!olds.some((old) => said(old) === said(fresh))) editor.before(document.adoptNode(fresh));
  }
}
