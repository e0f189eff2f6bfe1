// <opportunity-finder> around the search form: leads appear while somebody types, their opportunities after them, and
// the arrow keys go through what is there. Every hit is the server's own link; without scripts the form finds the same.
const PAUSE = 250; // milliseconds without a key: a call to LeadSquared for every letter would use up the account's limit
const ID = /[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}/i;

customElements.define(
  "opportunity-finder",
  class extends HTMLElement {
    connectedCallback() {
      for (const type of ["input", "compositionend", "keydown", "click", "submit"]) this.addEventListener(type, this);
      this.shown = this.box.value.trim(); // what the results on the page are for
    }

    disconnectedCallback() {
      this.stop();
    }

    get box() {
      return this.querySelector("#q");
    }

    get found() {
      return this.querySelector("#found");
    }

    /** What the arrow keys stop at: opportunities, and the links that bring more of them. */
    get stops() {
      return [...this.found.querySelectorAll("a.choice, a[data-fills]")];
    }

    handleEvent(event) {
      if (event.type === "submit") {
        event.preventDefault();
        this.search({ asked: true });
      } else if (event.type === "keydown") this.pressed(event);
      else if (event.type === "click") this.clicked(event);
      else if (event.target === this.box && !event.isComposing) this.typed();
    }

    typed() {
      this.wanted = false;
      clearTimeout(this.timer);
      const text = this.box.value.trim();
      if (text === this.shown) this.resume();
      else if (text.length < Number(this.dataset.fewest)) this.show();
      else this.timer = setTimeout(() => this.search(), ID.test(text) ? 0 : PAUSE);
    }

    /** No answer to an earlier question comes through any more. */
    stop() {
      clearTimeout(this.timer);
      this.asking?.abort();
      this.asking = null;
      this.found?.removeAttribute("aria-busy");
    }

    async search({ asked = false } = {}) {
      this.stop();
      const text = this.box.value.trim();
      const asking = (this.asking = new AbortController());
      const question = new URLSearchParams(new FormData(this.querySelector("form")));
      question.set("q", text);
      if (asked) question.set("asked", "yes");
      this.found.setAttribute("aria-busy", "true"); // what is there stays until there is something else
      try {
        const answer = await this.ask(`${this.dataset.find}?${question}`, ".finder__found", asking.signal);
        if (answer.dataset.goes) location.assign(answer.dataset.goes);
        else {
          this.show(text, answer);
          await this.load(asking.signal);
        }
      } catch (error) {
        this.failed(error);
      } finally {
        if (this.asking === asking) this.stop();
      }
    }

    /** What stands in the box is again what the results are for: whatever was still to come for them comes. */
    async resume() {
      this.stop();
      const asking = (this.asking = new AbortController());
      try {
        await this.load(asking.signal);
      } catch (error) {
        this.failed(error);
      } finally {
        if (this.asking === asking) this.stop();
      }
    }

    /** Bring the first leads' opportunities, one lead after the other. */
    async load(signal) {
      const places = this.found.querySelectorAll("[data-loads]");
      for (const place of places) await this.fill(place, place.dataset.loads, signal);
      if (places.length || this.found.querySelector("a.choice")) this.count();
    }

    /** Return the part of the server's answer that is meant; whoever was signed out signs in first. */
    async ask(address, selector, signal) {
      const answer = await fetch(address, { signal });
      const body = new DOMParser().parseFromString(await answer.text(), "text/html").body;
      const part = selector ? body.querySelector(selector) : body;
      if (answer.redirected) this.querySelector("form").submit();
      if (!answer.ok || answer.redirected || !part) throw new Error(`no such part in the answer ${answer.status}`);
      return document.adoptNode(part);
    }

    failed(error) {
      if (error.name !== "AbortError") this.querySelector("#q-lost").hidden = false;
    }

    show(text = "", answer = null) {
      if (!answer) this.stop();
      const [had, href] = [this.found.contains(document.activeElement), document.activeElement.getAttribute("href")];
      this.found.replaceChildren(...(answer ? [answer] : []));
      this.shown = text;
      this.querySelector("#q-lost").hidden = true;
      this.box.removeAttribute("aria-invalid");
      this.say(answer ? answer.dataset.said : "");
      if (had) (this.stops.find((link) => link.getAttribute("href") === href) ?? this.box).focus();
      this.goOn();
    }

    /** Put a lead's opportunities in their place; whoever stands on the link that brought them goes to the first. */
    async fill(place, address, signal) {
      const had = place.contains(document.activeElement);
      const body = await this.ask(address, "", signal);
      place.replaceChildren(...body.childNodes);
      delete place.dataset.loads;
      if (had) (place.querySelector("a") ?? this.box).focus();
      this.goOn();
    }

    /** Somebody who pressed a key before there was anything gets to the first opportunity when it comes. */
    goOn() {
      if (!this.wanted || document.activeElement !== this.box) return;
      const first = this.found.querySelector("a.choice");
      if (first) this.wanted = false;
      first?.focus();
    }

    count() {
      const leads = this.found.querySelectorAll(".finder__lead").length;
      const choices = this.found.querySelectorAll("a.choice").length;
      if (!leads) return;
      this.say(`${leads} ${leads === 1 ? "lead" : "leads"} found, ${choices} ${choices === 1 ? "opportunity" : "opportunities"}.`);
    }

    say(words) {
      const line = this.querySelector("#q-said");
      if (line.textContent !== words) line.textContent = words;
    }

    pressed(event) {
      if (event.isComposing || event.altKey || event.ctrlKey || event.metaKey) return;
      const stops = this.stops;
      const inBox = event.target === this.box;
      const at = stops.indexOf(event.target.closest("li.finder__choice, .finder__foot")?.querySelector("a"));
      if (!inBox && !this.found.contains(event.target)) return;
      if (event.key === "Escape") this.goBack(event, inBox);
      else if (event.key === "ArrowDown") this.go(event, inBox ? stops[0] : stops[at + 1]);
      else if (event.key === "ArrowUp" && !inBox) this.go(event, stops[at - 1] ?? this.box);
      else if (event.key === "Enter" && inBox) this.enter(event);
      else if (!inBox && event.key.length === 1 && event.key !== " ") this.box.focus(); // the letter goes into the box
    }

    go(event, to) {
      event.preventDefault();
      this.wanted = event.target === this.box && (!to || this.isBehind());
      if (!this.wanted) to?.focus();
    }

    /** Whether what is shown is not yet for what stands in the box. */
    isBehind() {
      return this.shown !== this.box.value.trim();
    }

    goBack(event, inBox) {
      event.preventDefault();
      if (inBox) {
        this.box.value = "";
        this.show();
      } else this.box.focus();
    }

    /** Enter opens the only opportunity there is; of several the first gets the focus, and the next Enter opens it. */
    enter(event) {
      event.preventDefault();
      const choices = this.found.querySelectorAll("a.choice");
      if (this.isBehind() || !choices.length) {
        this.wanted = true;
        if (this.box.value.trim()) this.search({ asked: true });
      } else if (choices.length === 1 && !this.asking) choices[0].click();
      else choices[0].focus();
    }

    clicked(event) {
      const link = event.target.closest("a");
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
      if (link.dataset.fills) {
        event.preventDefault();
        this.look(link);
      } else if (this.found.contains(link) && this.shown) {
        // Coming back from there, the same results stand here.
        const here = new URLSearchParams(new FormData(this.querySelector("form")));
        here.set("q", this.shown);
        history.replaceState(null, "", `?${here}`);
      }
    }

    async look(link) {
      const place = link.closest(".finder__place");
      place.setAttribute("aria-busy", "true");
      try {
        await this.fill(place, link.dataset.fills);
        const count = place.querySelectorAll("a.choice").length;
        this.say(count ? `${count} ${count === 1 ? "opportunity" : "opportunities"} found.` : place.textContent.trim());
      } catch (error) {
        this.failed(error);
      } finally {
        place.removeAttribute("aria-busy");
      }
    }
  },
);
