import { entry, find } from "./finding.js";

// <option-filter> at the head of a panel of check boxes: an input that leaves only those in view whose text fits.
// It has no name and sends nothing; what is ticked stays ticked, in view or not.
customElements.define(
  "option-filter",
  class extends HTMLElement {
    connectedCallback() {
      this.input = this.querySelector("input") ?? document.createElement("input");
      this.input.className = "control";
      this.input.placeholder = "Find";
      this.input.autocomplete = "off";
      this.input.spellcheck = false;
      this.input.setAttribute("aria-label", this.dataset.label);
      this.input.value = "";
      this.append(this.input);
      for (const type of ["input", "change", "keydown"]) this.addEventListener(type, this);
      this.leaveOnly("");
    }

    handleEvent(event) {
      if (event.type !== "keydown") {
        event.stopPropagation();
        this.leaveOnly(this.input.value);
      } else if (event.key === "Escape") {
        event.preventDefault();
        event.stopPropagation();
        this.escape();
      } else if (event.key === "Enter") {
        event.preventDefault(); // it would press the form's first button
        event.stopPropagation();
      }
    }

    escape() {
      const choice = this.closest("details");
      if (this.input.value) {
        this.input.value = "";
        this.leaveOnly("");
      } else if (choice) {
        choice.open = false;
        choice.querySelector("summary").focus();
      }
    }

    leaveOnly(text) {
      const labels = [...this.parentElement.querySelectorAll("label")];
      const entries = labels.map((label) => entry(label, label.textContent.trim()));
      const fitting = new Set(find(entries, text, entries.length).hits.map((hit) => hit.value));
      for (const label of labels) label.hidden = !fitting.has(label);
    }
  },
);
