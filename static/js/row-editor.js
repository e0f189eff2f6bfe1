import "./page-name.js";

// <row-editor> around the form of the rows: a change of type, or of a list that another list follows, redraws its row
// without a reload. The server draws; without scripts its button "Update fields and lists" does the same.
const REDRAWN_CELLS = ["rows__number", "rows__type", "rows__fields"];
const STATE_CELLS = ["rows__number"];
const AROUND = ["#count", "#places", "#discard", ".target__links"];

customElements.define(
  "row-editor",
  class extends HTMLElement {
    waiting = new Set();

    connectedCallback() {
      this.addEventListener("change", this);
      this.addEventListener("submit", this);
      window.addEventListener("pageshow", this); // the back button brings the page back as it was left
    }

    disconnectedCallback() {
      window.removeEventListener("pageshow", this);
    }

    handleEvent(event) {
      if (event.type === "submit") this.leaving = true;
      else if (event.type === "pageshow") this.leaving = false;
      else {
        const { redraws } = event.target.dataset;
        if (redraws) this.redraw(redraws);
        const choice = event.target.closest(".multi");
        if (choice) this.nameChosen(choice);
      }
    }

    /** Ask the server for the page as it stands now and take over the row with this number, or "all". */
    async redraw(number) {
      this.waiting.add(number);
      if (this.hasAttribute("aria-busy")) return; // one question at a time: the server keeps the last one as the draft
      const form = this.querySelector("form");
      this.setAttribute("aria-busy", "true");
      try {
        const numbers = new Set();
        let sent, page;
        while (this.waiting.size) {
          for (const each of this.waiting) numbers.add(each);
          this.waiting.clear();
          sent = new FormData(form);
          sent.set("do", "refresh");
          const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(sent) });
          page = new DOMParser().parseFromString(await answer.text(), "text/html");
          if (!page.querySelector("row-editor form")) throw new Error(`no rows in the answer ${answer.status}`);
        }
        this.takeOver(page, numbers, sent);
      } catch {
        // The way without scripts, which also says what is wrong; but whoever leaves the page has left it.
        if (!this.leaving) form.requestSubmit(form.querySelector("[value=refresh]"));
      } finally {
        this.waiting.clear();
        this.removeAttribute("aria-busy");
      }
    }

    takeOver(page, numbers, sent) {
      const drawn = page.querySelector("row-editor form");
      const focused = document.activeElement;
      const { selectionStart, selectionEnd } = focused;
      const changed = this.changedSince(sent);
      for (const theirs of drawn.querySelectorAll("tbody tr")) {
        const mine = document.getElementById(theirs.id);
        if (mine) this.takeOverRow(mine, theirs, numbers);
        else this.querySelector("tbody").append(document.adoptNode(theirs));
      }
      for (const name of ["rows", "draft", "version", "opportunity"]) {
        this.querySelector(`[name=${name}]`).value = drawn.querySelector(`[name=${name}]`).value;
      }
      for (const each of changed) this.putBack(each);
      this.takeOverAround(page);
      const now = document.getElementById(focused.id);
      if (!now || now === document.activeElement) return;
      now.focus({ preventScroll: true });
      if (typeof selectionStart === "number") now.setSelectionRange?.(selectionStart, selectionEnd);
    }

    takeOverRow(mine, theirs, numbers) {
      const isMeant = numbers.has("all") || numbers.has(theirs.id.slice("row-".length));
      const isPutRight = mine.dataset.outcome === "error" && theirs.dataset.outcome === "ready";
      const names = isMeant || isPutRight ? [...REDRAWN_CELLS] : mine.dataset.outcome === "error" ? [] : STATE_CELLS;
      mine.toggleAttribute("data-same-type", theirs.hasAttribute("data-same-type"));
      if (names.length) mine.dataset.outcome = theirs.dataset.outcome;
      if (names.length > 1) {
        // Owner and note may be typed in at this moment: they stay, unless they hold a complaint.
        names.push(...["rows__owner", "rows__note"].filter((name) => mine.querySelector(`.${name} [aria-invalid]`)));
        const fold = theirs.querySelector(".more");
        if (fold && mine.querySelector(".more")?.open) fold.open = true;
      }
      for (const name of names) {
        const [old, fresh] = [mine.querySelector(`.${name}`), theirs.querySelector(`.${name}`)];
        if (name === "rows__number" && old.querySelector("details")?.open) continue;
        if (!fresh) old?.remove();
        else if (old) this.replaceAroundFocus(old, document.adoptNode(fresh));
        else mine.append(document.adoptNode(fresh));
      }
    }

    /** What has the focus stays in its place: a list that is chosen from by typing forgets the first letters else. */
    replaceAroundFocus(old, fresh) {
      const focused = document.activeElement;
      const id = CSS.escape(focused.id);
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
      if (kept.matches("details")) this.replaceAroundFocus(kept, twin);
    }

    /** What was typed, chosen or ticked while the server was drawing. */
    changedSince(sent) {
      return [...this.querySelectorAll("tbody :is(input:not([type=hidden]), select, textarea):enabled")]
        .filter((input) =>
          input.type === "checkbox"
            ? input.checked !== sent.getAll(input.name).includes(input.value)
            : input.value !== sent.get(input.name),
        )
        .map(({ id, name, value, type, checked }) => ({ id, name, value, type, checked }));
    }

    putBack({ id, name, value, type, checked }) {
      if (type === "checkbox") {
        const boxes = [...this.querySelectorAll("[type=checkbox]")].filter((box) => box.name === name);
        const now = boxes.find((box) => box.value === value);
        if (!now || now.checked === checked) return;
        now.checked = checked;
        this.nameChosen(now.closest(".multi"));
        return;
      }
      const now = document.getElementById(id);
      if (!now || now.value === value) return;
      if (now.options && ![...now.options].some((option) => option.value === value)) return;
      now.value = value;
    }

    takeOverAround(page) {
      const [mine, theirs] = [document, page].map((each) => each.querySelector(".action-bar__buttons .button--primary"));
      mine.textContent = theirs.textContent; // not replaced: it may be pressed at this moment
      for (const selector of AROUND) {
        const [old, fresh] = [document.querySelector(selector), page.querySelector(selector)];
        if (old && fresh) old.replaceWith(document.adoptNode(fresh));
        else if (fresh) this.after(document.adoptNode(fresh));
      }
      const said = (notice) => notice.textContent.replace(/\s+/g, " ").trim();
      const [olds, freshs] = [document, page].map((each) => [...each.querySelectorAll("main > .notice:not(#problems)")]);
      for (const old of olds) if (!freshs.some((fresh) => said(fresh) === said(old))) old.remove();
      for (const fresh of freshs) {
        if (!olds.some((old) => said(old) === said(fresh))) this.before(document.adoptNode(fresh));
      }
    }

    /** A closed multiple choice shows what is ticked in it. */
    nameChosen(choice) {
      const ticked = [...choice.querySelectorAll(":checked")].map((box) => box.value);
      choice.querySelector("summary").firstChild.textContent = ticked.join(", ") || "Choose";
    }
  },
);
