// <row-editor> around the form of the rows: a change of type, or of a list that another list follows, redraws its row
// without a reload. The server draws; without scripts its button "Update fields and lists" does the same.
customElements.define(
  "row-editor",
  class extends HTMLElement {
    connectedCallback() {
      this.addEventListener("change", this);
    }

    handleEvent(event) {
      const { redraws } = event.target.dataset;
      if (redraws) this.redraw(redraws);
    }

    /** Ask the server for the page as it stands now and take over the row with this number, or "all". */
    async redraw(number) {
      const form = this.querySelector("form");
      const sent = new FormData(form);
      sent.set("do", "refresh");
      this.setAttribute("aria-busy", "true");
      try {
        const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(sent) });
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const drawn = page.querySelector("row-editor form");
        if (!drawn) throw new Error(`no rows in the answer ${answer.status}`);
        this.takeOver(drawn, number, sent);
        this.takeOverCount(page);
      } catch {
        form.requestSubmit(form.querySelector("[value=refresh]")); // the way without scripts, which also says what is wrong
      } finally {
        this.removeAttribute("aria-busy");
      }
    }

    takeOver(drawn, number, sent) {
      const focused = document.activeElement?.id;
      const numbers = number === "all" ? [...drawn.querySelectorAll("tbody tr")].map((row) => row.id.slice(4)) : [number];
      for (const each of numbers) this.takeOverRow(drawn, each, sent);
      for (const row of drawn.querySelectorAll("tbody tr")) {
        const mine = this.querySelector(`#${row.id}`);
        if (mine) mine.toggleAttribute("data-same-type", row.hasAttribute("data-same-type"));
        else this.querySelector("tbody").append(document.adoptNode(row));
      }
      for (const name of ["rows", "draft", "opportunity"]) {
        this.querySelector(`[name=${name}]`).value = drawn.querySelector(`[name=${name}]`).value;
      }
      if (focused) document.getElementById(focused)?.focus();
    }

    takeOverRow(drawn, number, sent) {
      const mine = this.querySelector(`#row-${number}`);
      const theirs = drawn.querySelector(`#row-${number}`);
      if (!mine || !theirs) return;
      const typedMeanwhile = [...mine.querySelectorAll("input:not([type=checkbox]), textarea")].filter(
        (input) => input.name && input.value !== sent.get(input.name),
      );
      mine.replaceWith(document.adoptNode(theirs));
      for (const input of typedMeanwhile) {
        const now = document.getElementById(input.id);
        if (now) now.value = input.value;
      }
    }

    takeOverCount(page) {
      for (const selector of ["#count", ".action-bar__buttons"]) {
        const theirs = page.querySelector(selector);
        if (theirs) document.querySelector(selector).replaceWith(document.adoptNode(theirs));
      }
    }
  },
);
