// <row-editor> around the form of the rows: every command at once, by key, button and menu; what only the server can
// draw is asked for meanwhile. Without scripts the server carries out the same buttons.
// After a command it dispatches "rows-changed"; whoever changes states of rows from outside calls `drawnAnew()`, and
// whoever replaces rows from outside also `forget()`.
import "./page-name.js";
import { drawAround } from "./editor/around.js";
import { COMMANDS, neighbour } from "./editor/commands.js";
import { holdHeights } from "./editor/held-heights.js";
import { Redraw } from "./editor/redraw.js";
import { arrange, codeOf, emptiedFields, fieldsCell, hasItsFields, hasValues, isBlank, isFree, markRuns, MOST_ROWS, numberOf, renumber, setState } from "./editor/rows.js";
import { commandOf, nameKeys } from "./editor/shortcuts.js";
import { Steps } from "./editor/undo.js";
import { fieldAt, firstEmpty, focusable, isSame, nameChosen, read, write } from "./editor/values.js";

const ON_THIS = ["input", "change", "focusin", "focusout", "pointerdown", "click", "toggle", "submit"];
const TYPED_IN = "input:not([type=checkbox]), textarea";

customElements.define(
  "row-editor",
  class extends HTMLElement {
    steps = new Steps();
    server = new Redraw(this);
    last = {}; // the row and the field that had the focus last
    isWriting = false; // values are being written by a command, not by a person

    connectedCallback() {
      for (const type of ON_THIS) this.addEventListener(type, this, type === "toggle"); // toggle does not bubble
      document.addEventListener("keydown", this);
      window.addEventListener("pageshow", this); // the back button brings the page back as it was left
      nameKeys(this);
      holdHeights(this);
    }

    disconnectedCallback() {
      document.removeEventListener("keydown", this);
      window.removeEventListener("pageshow", this);
    }

    handleEvent(event) {
      this[`on${event.type}`](event);
    }

    get body() {
      return this.querySelector("tbody");
    }

    get context() {
      const { row, field } = this.last;
      return {
        rows: [...this.body.rows],
        ...(row?.isConnected ? { row, field } : {}),
        drawn: (code) => this.server.drawn(code),
        blank: () => this.blankRow(),
      };
    }

    // Events

    onsubmit() {
      this.server.isLeaving = true;
    }

    onpageshow() {
      this.server.isLeaving = false;
    }

    oninput({ target }) {
      const row = target.closest("tbody tr");
      if (row && isFree(row) && !this.isWriting && fieldAt(target) !== "owner") this.becomesRow(row);
    }

    onchange({ target }) {
      const choice = target.closest(".multi");
      if (choice) nameChosen(choice);
      const { redraws } = target.dataset;
      const row = target.closest("tbody tr");
      if (redraws === "all") this.server.ask("all");
      else if (row && fieldAt(target) === "type") this.typeChosen(row);
      else if (row && redraws) this.server.ask(row);
    }

    onfocusin({ target }) {
      const row = target.closest("tbody tr");
      if (!row) return;
      const field = fieldAt(target);
      if (this.edit?.row === row && this.edit.field === field) return;
      this.finishEdit();
      this.last = { row, field };
      const before = read(row, field);
      if (before) this.edit = { row, field, before, order: [...this.body.rows], cell: fieldsCell(row) };
    }

    /** Not every browser gives what is clicked the focus. */
    onpointerdown(event) {
      this.onfocusin(event);
    }

    onfocusout({ target, relatedTarget }) {
      if (relatedTarget?.closest?.("tbody tr") !== this.edit?.row || fieldAt(relatedTarget) !== this.edit?.field) this.finishEdit();
      const menu = target.closest("details[name=menu]");
      if (menu && relatedTarget && !menu.contains(relatedTarget)) menu.open = false;
    }

    onclick(event) {
      const button = event.target.closest("button");
      const [, name, number] = /^([a-z]+)(?:-(\d+))?$/.exec(button?.name === "do" ? button.value : (button?.dataset.command ?? "")) ?? [];
      if (number) this.last = { row: this.body.rows[number - 1], field: "" };
      if (name === "shortcuts" || name === "undo" || COMMANDS[name]) {
        event.preventDefault();
        this.run(name);
      }
    }

    ontoggle({ target }) {
      if (target.open && target.matches(".menu")) nameKeys(target);
    }

    onkeydown(event) {
      const { target } = event;
      const isElsewhere = target !== document.body && !this.contains(target);
      if (event.defaultPrevented || document.getElementById("shortcuts")?.open) return;
      if (event.key === "Escape" || (event.key === "Enter" && target.type === "checkbox")) this.closeMenu(event);
      if (event.defaultPrevented) return;
      const command = commandOf(event);
      if (!command || (isElsewhere && (!["review", "shortcuts"].includes(command) || target.matches(TYPED_IN)))) return;
      if (this.isNative(command, event)) return;
      event.preventDefault();
      this.run(command);
    }

    /** Whether these keys mean something to what has the focus, which then goes first. */
    isNative(command, { target }) {
      const isTypedIn = target.matches(TYPED_IN);
      if (command === "shortcuts") return isTypedIn;
      if (["undo", "redo"].includes(command)) return this.isUnfinished(target, command);
      if (["review", "group"].includes(command)) return false;
      const row = target.closest("tbody tr");
      if (!row) return true;
      if (command === "break") return !target.matches("textarea");
      if (!["next", "previous"].includes(command)) return false;
      const isOpen = target.matches("[aria-expanded=true]") || (target.localName === "select" && isOpenList(target));
      return isOpen || !(isTypedIn || target.localName === "select");
    }

    /** Typing that is not finished is taken back by the browser, letter by letter. */
    isUnfinished(target, command) {
      if (!target.matches(TYPED_IN)) return false;
      if (!this.contains(target)) return true;
      const { edit } = this;
      if (!edit || !target.name) return target.matches("[aria-expanded=true]");
      const before = target.value;
      const isChanged = !isSame(read(edit.row, edit.field), edit.before);
      if (command === "redo") return isChanged || !this.steps.canRedo;
      // The browser forgets what was typed in an element that was moved or written to since.
      if (isChanged) setTimeout(() => target.value === before && this.edit === edit && this.run("undo"));
      return isChanged;
    }

    closeMenu(event) {
      const menu = event.target.closest?.("details[name=menu][open]");
      if (!menu || !this.contains(menu)) return;
      event.preventDefault();
      menu.open = false;
      menu.querySelector("summary").focus();
    }

    // Commands

    run(name) {
      if (name === "review") this.querySelector("form").requestSubmit(document.querySelector(".action-bar [value=review]"));
      else if (name === "shortcuts") this.querySelector("dialog").showModal();
      else if (name === "break") document.execCommand("insertText", false, "\n"); // keeps the browser's own undo whole
      else if (name === "next" || name === "previous") this.goTo(neighbour(this.context, name === "next" ? 1 : -1), true);
      else if (name === "undo" || name === "redo") this.takeBack(name);
      else {
        this.leaveOpenList();
        this.carryOut(COMMANDS[name](this.context));
      }
    }

    /** What is half typed in a combobox is chosen, or given up, before a command looks at it. */
    leaveOpenList() {
      if (document.activeElement.matches("[aria-expanded=true]")) document.activeElement.blur();
    }

    /** Carry out a plan of a command, as one step. */
    carryOut({ order, copies = [], writes = [], focus, said }) {
      this.finishEdit();
      const step = { said, order: [[...this.body.rows]], values: [], cells: [], focus: [this.last.row && [this.last.row, this.last.field], focus] };
      for (const [row, field, values] of writes) {
        const before = read(row, field);
        const cell = fieldsCell(row);
        if (!this.write(row, field, values)) continue;
        step.values.push([row, field, [before, values]]);
        if (field === "type") step.cells.push([row, [cell]]);
      }
      if (order) this.arrange(order);
      for (const [row] of writes) this.settle(row);
      this.settleLast();
      for (const [source, copy] of copies) if (this.server.awaits(source) || this.lacksFields(copy)) this.server.ask(copy);
      step.order.push([...this.body.rows]);
      if (order || step.values.length) this.keep(step);
      this.changed();
      const isLost = document.activeElement === document.body && this.last.row?.isConnected;
      this.goTo(focus ?? (isLost ? [this.last.row, this.last.field || "menu"] : undefined));
      this.say(said);
    }

    takeBack(name) {
      this.finishEdit();
      const step = this.steps[name]();
      if (!step) return this.say(name === "undo" ? "There is nothing to undo" : "There is nothing to redo");
      const side = name === "undo" ? 0 : 1;
      for (const [row, cells] of step.cells) {
        cells[1 - side] = fieldsCell(row);
        this.putFields(row, cells[side]);
      }
      for (const [row, field, values] of step.values) this.write(row, field, values[side], { forced: true, isTakenBack: true });
      // A row that came meanwhile and is no part of the step stays, at the end.
      const others = [...this.body.rows].filter((row) => !step.order.flat().includes(row) && !isBlank(row));
      this.arrange([...step.order[side], ...others]);
      for (const [row] of step.values) this.settle(row);
      for (const [row] of step.cells) if (!hasItsFields(row)) this.server.ask(row);
      this.settleLast();
      this.changed();
      this.drawButtons();
      if (step.focus[side]?.[0].isConnected) this.goTo(step.focus[side]);
      else if (step.focus[1 - side]?.[0].isConnected) this.goTo(step.focus[1 - side]);
      this.say(`${side ? "Done again" : "Taken back"}: ${step.said.replace(/\..*/, "")}`);
    }

    /** The editing of one field, from its first letter to the next field, is one step. */
    finishEdit() {
      const { edit } = this;
      this.edit = undefined;
      const after = edit && read(edit.row, edit.field);
      if (!after || isSame(edit.before, after)) return;
      const { row, field } = edit;
      const focus = [row, field];
      const cells = field === "type" ? [[row, [edit.cell]]] : [];
      const order = [edit.order, [...this.body.rows]];
      this.keep({ said: `typing in row ${numberOf(row)}`, order, values: [[row, field, [edit.before, after]]], cells, focus: [focus, focus] });
    }

    keep(step) {
      this.steps.add(step);
      this.drawButtons();
    }

    /** The rows are others than those that the steps know of. */
    forget() {
      this.edit = undefined;
      this.steps.clear();
      this.drawButtons();
    }

    // Rows

    arrange(order) {
      const { activeElement } = document;
      arrange(this.body, order, activeElement.closest("tbody tr"));
      this.querySelector("[name=rows]").value = this.body.rows.length;
    }

    becomesRow(row) {
      setState(row, "unfinished");
      this.settleLast();
      this.changed();
    }

    /** An empty row is one that is free, and only such a row. */
    settle(row) {
      if (isBlank(row) !== isFree(row)) setState(row, isBlank(row) ? "free" : "unfinished");
    }

    /** Below the last row there is an empty one, as long as there is place. */
    settleLast() {
      const rows = [...this.body.rows];
      const last = rows.at(-1);
      if ((!last || !isFree(last)) && rows.length < MOST_ROWS) this.arrange([...rows, this.blankRow()]);
    }

    blankRow() {
      return document.importNode(this.querySelector("#blank-row").content.querySelector("tr"), true);
    }

    typeChosen(row) {
      if (this.isTakenBack) return;
      const code = codeOf(row);
      const neighbours = [...this.body.rows].filter((each) => each !== row && codeOf(each) === code && fieldsCell(each));
      const [drawn, like] = [this.server.drawn(code), neighbours.map(fieldsCell).at(-1)];
      const hasComplaints = row.querySelector("[aria-invalid], [id$=-code]");
      if (!code || hasComplaints || hasValues(fieldsCell(row)) || this.server.awaits(row) || !(like || drawn)) {
        this.server.ask(row);
        return;
      }
      this.putFields(row, like ? emptiedFields(like, drawn) : drawn.cloneNode(true));
      if (isFree(row)) this.becomesRow(row);
      else this.changed();
      if (this.lacksFields(row)) this.server.ask(row);
    }

    putFields(row, cell) {
      const old = fieldsCell(row);
      if (old === (cell ?? null)) return;
      if (cell) renumber(cell, numberOf(row));
      if (old && cell) old.replaceWith(cell);
      else if (cell) row.querySelector(".rows__note").after(cell);
      else old.remove();
    }

    /** Whether only the server can draw this row: its lists follow others, or its fields are those of another type. */
    lacksFields(row) {
      if (!hasItsFields(row)) return true;
      const cell = fieldsCell(row);
      return Boolean(cell?.querySelector("[data-redraws]")) && !this.server.drawn(codeOf(row)) && !hasValues(cell);
    }

    write(row, field, values, { forced = false, isTakenBack = false } = {}) {
      const isSpecial = values.concat(read(row, field) ?? []).includes("other");
      this.isWriting = true;
      this.isTakenBack = isTakenBack && !isSpecial; // the fields came back with the type, but its code did not
      const isWritten = write(row, field, values, { forced });
      this.isWriting = this.isTakenBack = false;
      return isWritten;
    }

    /** Rows were changed here: draw what follows from it, and tell whoever keeps them. */
    changed() {
      this.drawnAnew();
      this.dispatchEvent(new CustomEvent("rows-changed", { bubbles: true }));
    }

    /** States or rows were drawn anew: draw what follows from it, before the next paint. */
    drawnAnew() {
      if (this.isDrawing) return;
      this.isDrawing = true;
      queueMicrotask(() => {
        this.isDrawing = false;
        this.settleLast();
        markRuns(this.body);
        drawAround(this.body);
      });
    }

    drawButtons() {
      this.querySelector("[data-command=undo]").disabled = !this.steps.canUndo;
    }

    // Focus and words

    /** Give a field the focus; its text is selected, as by Tab, when it is only gone to. */
    goTo(place, selects = false) {
      if (!place) return;
      const [row, wanted] = place;
      const field = wanted || firstEmpty(row);
      const target = focusable(row, field) ?? row.querySelector(".menu > summary");
      const menu = row.querySelector(".menu[open]");
      if (menu) menu.open = false;
      if (target === document.activeElement) this.onfocusin({ target });
      else target.focus();
      if (selects && target.localName === "input") target.select();
    }

    say(words) {
      const said = document.getElementById("said");
      said.textContent = said.textContent === words ? `${words}\u00a0` : words; // the same words twice are heard twice
    }
  },
);

function isOpenList(select) {
  try {
    return select.matches(":open");
  } catch {
    return false; // a browser without :open keeps the keys of an open list to itself
  }
}
