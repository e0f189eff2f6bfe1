// <submit-once> around a form: one press, one request. The server would refuse a second anyway.
customElements.define(
  "submit-once",
  class extends HTMLElement {
    connectedCallback() {
      this.addEventListener("submit", this); // the same listener object: adding it twice is harmless
      window.addEventListener("pageshow", this); // the back button brings the page back as it was left
    }

    disconnectedCallback() {
      window.removeEventListener("pageshow", this);
    }

    handleEvent(event) {
      if (event.type === "pageshow") delete this.dataset.sent;
      else if (this.dataset.sent) event.preventDefault();
      else this.dataset.sent = "yes";
    }
  },
);
