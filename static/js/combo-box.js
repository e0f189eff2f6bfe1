import { entry, find, only } from "./finding.js";
import * as suggestions from "./suggestions.js";

// <combo-box> around a native <select>, or around an <input> whose list lies at `data-from`: chosen by typing any part
// of a name or code, by the combobox pattern of ARIA 1.2. The native control stays in the form and is the only one with
// a value; before a <select> stands an input without a name, which is drawn anew from it whenever this is connected.
const MOST_SHOWN = 30;
const SAY_AFTER = 300; // milliseconds without a key: whoever types on is not interrupted
const MIRRORED = ["aria-invalid", "aria-describedby", "required", "disabled"];
const IS_ADDRESS = /^[^@\s]+@[^@\s]+\.[^@\s.]{2,}$/;
const STEPS = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 };

const lists = new Map(); // address -> entries, once they are there
const asked = new Map(); // address -> the promise of them
let saying;

/** The control that carries the value: of the input that stands before a list its <select>, else the control itself. */
export function nativeOf(control) {
  return control?.closest?.("combo-box")?.native ?? control;
}

customElements.define(
  "combo-box",
  class extends HTMLElement {
    isTyped = false;
    hasMoved = false;
    isLate = false; // the list does not fit what was typed yet
    isAwaited = false; // somebody asked for the list before it was there

    connectedCallback() {
      this.native = this.querySelector(":scope > :is(select, input:not([data-stand-in]))");
      if (!this.native) return;
      this.input = this.native.localName === "select" ? this.standIn() : this.native;
      this.input.setAttribute("role", "combobox");
      this.input.setAttribute("aria-autocomplete", "list");
      this.input.setAttribute("aria-expanded", "false");
      this.input.autocomplete = "off";
      for (const type of ["input", "change", "keydown", "focusin", "focusout", "click"]) this.addEventListener(type, this);
      if (this.input !== this.native) {
        this.mirror();
        this.showChosen();
        // Rows are numbered anew, labels replaced, and messages come and go, while the element stays.
        this.observer ??= new MutationObserver(() => this.mirror());
        this.observer.observe(this.parentElement, { childList: true });
        this.observer.observe(this.native, { attributes: true, attributeFilter: ["id", ...MIRRORED] });
      }
    }

    disconnectedCallback() {
      this.observer?.disconnect();
      if (suggestions.isOpenFor(this)) suggestions.close(this);
      this.isTyped = this.hasMoved = this.isAwaited = this.isLate = false;
    }

    handleEvent(event) {
      if (event.target === this.input) this[`on${event.type}`](event);
      else if (event.target === this.native) {
        if (event.type === "focusin") this.input.focus();
        else if (event.type === "input" || event.type === "change") this.showChosen();
      }
    }

    oninput(event) {
      this.isTyped = true;
      this.hasMoved = false;
      if (this.input !== this.native) event.stopPropagation(); // nothing has been chosen yet
      this.suggestSoon();
    }

    onchange(event) {
      if (this.input !== this.native) event.stopPropagation();
    }

    onfocusin() {
      this.before ??= this.native.value;
      if (this.input !== this.native) this.input.select();
      else this.load();
    }

    onfocusout() {
      suggestions.close(this);
      const { isTyped } = this;
      this.isTyped = this.hasMoved = this.isAwaited = this.isLate = false;
      if (isTyped) this.settle(this.input.value.trim());
      this.before = undefined;
    }

    onclick() {
      if (this.input !== this.native && !suggestions.isOpenFor(this)) this.suggest("");
    }

    onkeydown(event) {
      if (event.isComposing || event.ctrlKey || event.metaKey) return;
      if (this.isLate && event.key.length > 1) this.catchUp(); // what is chosen now is chosen from what fits now
      const isHandled = suggestions.isOpenFor(this) ? this.pressWhileOpen(event) : this.pressWhileClosed(event);
      if (!isHandled) return;
      event.preventDefault();
      event.stopPropagation();
    }

    pressWhileOpen({ key, shiftKey, altKey }) {
      if (key in STEPS && !shiftKey) {
        if (altKey && key === "ArrowUp") return this.take() || true;
        this.hasMoved = true;
        suggestions.move(STEPS[key]);
      } else if ((key === "Home" || key === "End") && !shiftKey) {
        this.hasMoved = true;
        suggestions.moveToEnd(key === "End");
      } else if (key === "Enter" && !shiftKey && !altKey) this.take();
      else if (key === "Escape") suggestions.close(this);
      else {
        if (key === "Tab" && (this.isTyped || this.hasMoved)) this.take();
        return false;
      }
      return true;
    }

    pressWhileClosed({ key, shiftKey }) {
      if (key === "Escape" && this.isTyped) this.restore();
      else if ((key === "ArrowDown" || key === "ArrowUp") && !shiftKey) this.suggest(this.isTyped ? this.input.value : "");
      else return false;
      return true;
    }

    /** Choose what is highlighted; without a highlight the list only goes away. */
    take() {
      const chosen = suggestions.highlighted();
      if (chosen) this.choose(chosen);
      else if (!this.isTyped) suggestions.close(this);
    }

    choose({ value }) {
      suggestions.close(this);
      clearTimeout(saying);
      this.isTyped = this.hasMoved = false;
      const isNew = this.native.value !== value;
      this.native.value = value;
      this.showChosen();
      if (!isNew) return;
      for (const type of ["input", "change"]) this.native.dispatchEvent(new Event(type, { bubbles: true }));
    }

    /** Whoever leaves has chosen what fits alone. A <select> can hold nothing else; an input keeps what was typed. */
    settle(text) {
      const entries = this.entries();
      const isList = this.input !== this.native;
      const empty = isList && !text && [...this.native.options].find((option) => !option.value);
      const fit = empty || (text && !(IS_ADDRESS.test(text) && !isList) ? only(entries, text) : null);
      if (fit) this.choose(fit);
      else if (isList) {
        this.showChosen();
        say(text ? `Nothing fits “${text}” alone. ${this.input.value || "Nothing"} is chosen.` : "");
      } else if (text && entries.length && !find(entries, text, 1).count) say(`No user fits “${text}”.`);
    }

    restore() {
      this.isTyped = this.hasMoved = false;
      if (this.input !== this.native) return this.showChosen();
      this.choose({ value: this.before ?? "" });
    }

    /** The letter is painted first, then what fits it: whoever types faster than that waits for no list. */
    suggestSoon() {
      if (this.isLate) return;
      this.isLate = true;
      requestAnimationFrame(() => setTimeout(() => this.isLate && this.catchUp()));
    }

    catchUp() {
      this.isLate = false;
      if (this.isTyped) this.suggest(this.input.value);
    }

    suggest(text) {
      const entries = this.entries();
      const { hits, count } = find(entries, text, MOST_SHOWN);
      const rest = count > hits.length ? `and ${(count - hits.length).toLocaleString("en-IN")} more: type more` : "";
      const isEmpty = !count && (this.input !== this.native || entries.length > 0);
      this.isAwaited = !count && !isEmpty;
      if (this.isAwaited) return suggestions.close(this);
      const chosen = hits.findIndex((each) => each.value === this.native.value);
      const at = text.trim() ? 0 : this.input === this.native ? -1 : chosen;
      suggestions.show(this, this.input, hits, isEmpty ? "Nothing fits" : rest, at);
      say(!count ? "Nothing fits" : count === 1 ? `1 fits: ${hits[0].text}` : `${count.toLocaleString("en-IN")} fit`);
    }

    /** Everything that can be chosen: the <select>'s options as they are now, or the list that was loaded. */
    entries() {
      if (this.input === this.native) return lists.get(this.dataset.from) ?? [];
      return [...this.native.options].filter((option) => option.value).map((option) => entry(option.value, option.text));
    }

    /** Have the list once a page, on first need. Without it the input is what it was: a text that the server checks. */
    async load() {
      const { from } = this.dataset;
      if (!asked.has(from)) asked.set(from, fetched(from));
      await asked.get(from);
      if (!lists.has(from)) return;
      this.native.removeAttribute("list"); // the browser's own suggestions would stand beside ours
      if (this.isAwaited) this.suggest(this.isTyped ? this.native.value : "");
    }

    /** The input before a <select>: the one of an earlier life, or a new one. */
    standIn() {
      const { native } = this;
      let input = this.querySelector(":scope > [data-stand-in]");
      if (!input) {
        input = document.createElement("input");
        input.dataset.standIn = "";
        input.spellcheck = false;
        input.autocapitalize = "none";
        native.after(input);
      }
      input.className = native.className;
      native.tabIndex = -1;
      native.setAttribute("aria-hidden", "true");
      return input;
    }

    mirror() {
      const { native, input } = this;
      const ids = [native.id, input.id].filter(Boolean);
      input.id = `${native.id}-combo`;
      for (const label of this.parentElement.querySelectorAll("label")) {
        if (ids.includes(label.htmlFor)) label.htmlFor = input.id;
      }
      for (const name of MIRRORED) {
        const value = native.getAttribute(name);
        if (value === input.getAttribute(name)) continue;
        if (value === null) input.removeAttribute(name);
        else input.setAttribute(name, value);
      }
    }

    showChosen() {
      if (this.input === this.native || this.isTyped) return;
      const [chosen] = this.native.selectedOptions;
      this.input.value = chosen?.value ? chosen.text : "";
      this.input.placeholder = [...this.native.options].find((option) => !option.value)?.text ?? "";
    }
  },
);

async function fetched(from) {
  try {
    const answer = await fetch(from, { headers: { Accept: "application/json" } });
    const rows = await answer.json(); // whoever was signed out gets a page, which is none
    lists.set(from, rows.map(([email, name]) => entry(email, name || email, name ? email : "")));
  } catch {
    asked.delete(from); // the next one who needs it asks again
  }
}

/** Say it in the page's live region, once nobody types any more. */
function say(text) {
  clearTimeout(saying);
  if (text) saying = setTimeout(() => (region().textContent = text), SAY_AFTER);
}

function region() {
  const known = document.getElementById("said");
  if (known) return known;
  const made = document.createElement("p");
  made.id = "said";
  made.className = "vh";
  made.setAttribute("role", "status");
  document.querySelector("main").append(made);
  return made;
}
