// <pin-toggle> around a button that pins or unpins: it does so where it stands, and what is typed beside it stays.
// When the server refuses, or does not answer, the button's own form goes instead and says why.
customElements.define(
  "pin-toggle",
  class extends HTMLElement {
    connectedCallback() {
      this.addEventListener("click", this);
    }

    get button() {
      return this.querySelector("button");
    }

    get isPinned() {
      return [this.button.name, this.button.value].includes("unpin");
    }

    async handleEvent(event) {
      if (!event.target.closest("button")) return;
      event.preventDefault();
      if (this.ariaBusy === "true") return;
      this.ariaBusy = "true";
      const { csrfmiddlewaretoken, draft } = this.button.form.elements;
      const sent = new URLSearchParams({ csrfmiddlewaretoken: csrfmiddlewaretoken.value, part: "yes" });
      sent.set(this.isPinned ? "unpin" : "pin", this.dataset.opportunity);
      if (draft) sent.set("draft", draft.value);
      try {
        const answer = await fetch(this.dataset.action, { method: "POST", body: sent });
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const panel = page.querySelector("#pins");
        if (!answer.ok || !panel) throw new Error(`no pins in the answer ${answer.status}`);
        this.takeOver(document.adoptNode(panel), !this.isPinned);
      } catch {
        this.button.form.requestSubmit(this.button);
      } finally {
        this.ariaBusy = null;
      }
    }

    takeOver(panel, isPinned) {
      const { opportunity } = this.dataset;
      const old = document.querySelector("#pins");
      const hadFocus = old?.contains(document.activeElement);
      old?.replaceWith(panel);
      if (hadFocus) (panel.querySelector("button") ?? panel.querySelector("h2")).focus();
      for (const toggle of document.querySelectorAll(`pin-toggle[data-opportunity="${CSS.escape(opportunity)}"]`)) {
        toggle.draw(isPinned);
      }
      const said = document.querySelector("#q-said, #said");
      if (said) said.textContent = isPinned ? "Pinned." : "Unpinned.";
    }

    draw(isPinned) {
      this.button[this.button.name === "do" ? "value" : "name"] = isPinned ? "unpin" : "pin";
      this.button.firstChild.textContent = isPinned ? "Unpin" : "Pin";
    }
  },
);
