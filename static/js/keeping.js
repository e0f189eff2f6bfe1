import { find, forget, remove, tidy, write } from "./local-copies.js";
import { sender } from "./page-name.js";
import { announce, inHand, isLeft, tell, told } from "./telling.js";

// Nothing typed is lost: the form of the rows is kept in this browser within a second, and on the server within five.
// What the server answers is said at the fields that the person has left. It stands beside <row-editor>, not in it:
// it needs the form and its hidden inputs alone, and keeps on when another module has not loaded.
const QUIET = 1000;
const QUIET_AT_AN_ERROR = 400;
const LONGEST_UNSAVED = 4000;
const COPY_AFTER = 700;
const NO_ANSWER = 6000;
const FIRST_RETRY = 1000;
const LAST_RETRY = 30_000;
const LONGEST_LEAVING = 10_000;
const MOST_WHILE_CLOSING = 60_000; // a browser sends 64 KiB at most for a page that is gone
const TRIES_TO_RESTORE = 2;
const RESTORED = "lsq-portal-restored";
const TOKEN = "csrfmiddlewaretoken";
// Not typed by anybody: they differ although the rows are the same.
const NOT_TYPED = new Set([TOKEN, "version", "edited_in", "edit_number", "opportunity"]);
const KEPT_HERE = "What you type is kept in this browser.";

class Keeping {
  constructor(form) {
    this.form = form;
    this.editor = form.closest("row-editor") ?? form;
    this.isInConflict = "conflict" in form.dataset;
    this.failures = 0;
    this.moves = 0;
    // As the server drew it, the server has it.
    this.saved = this.isInConflict || "unsaved" in form.dataset ? "" : typed(this.data());
  }

  start() {
    tidy(document);
    for (const type of ["input", "change", "rows-changed", "focusout"]) this.editor.addEventListener(type, this);
    for (const type of ["submit", "pageshow", "pagehide", "online"]) window.addEventListener(type, this);
    for (const type of ["visibilitychange", "click"]) document.addEventListener(type, this);
    // A redraw saves too, and its row may have complaints that the server does not draw.
    new MutationObserver(() => this.redrawn()).observe(this.editor, { attributeFilter: ["aria-busy"] });
    window.addEventListener("submit", (event) => this.signsOut(event), { capture: true });
    if (this.restored() || this.isInConflict) return;
    if (!this.restore() && !this.saved) this.save();
  }

  handleEvent(event) {
    switch (event.type) {
      case "focusout": // the focus is on its way: where to is known when this is over
        return isLeft(event) && setTimeout(() => this.save());
      case "submit":
        return this.pressed(event);
      case "pagehide":
        return this.close();
      case "pageshow": // the back button brings the page back as it was left
        return this.stay();
      case "online":
        return this.save();
      case "visibilitychange":
        return document.hidden ? this.copy() : this.failures && this.save();
      case "click":
        return this.clicked(event);
      default:
        return this.changed(event);
    }
  }

  // --- what is known of the form ---

  hidden(name) {
    return this.form.querySelector(`input[name=${name}]`);
  }

  get version() {
    return Number(this.hidden("version").value);
  }

  get draft() {
    return this.hidden("draft").value;
  }

  get address() {
    return this.version ? `${this.form.dataset.address}?draft=${this.draft}` : location.pathname + location.search;
  }

  get isUnsaved() {
    return typed(this.data()) !== this.saved;
  }

  data() {
    return new FormData(this.form);
  }

  // --- when ---

  changed(event) {
    if (event.type === "rows-changed") this.moves += 1;
    this.form.toggleAttribute("data-unsaved", true);
    this.copying ??= setTimeout(() => this.copy(), COPY_AFTER);
    if (this.isLeaving) return;
    this.firstUnsaved ??= Date.now();
    const quiet = event.target.matches("[aria-invalid=true]") ? QUIET_AT_AN_ERROR : QUIET;
    this.saveIn(Math.min(quiet, this.firstUnsaved + LONGEST_UNSAVED - Date.now()));
  }

  saveIn(delay) {
    clearTimeout(this.timer);
    const patience = this.failures ? this.retryAt - Date.now() : 0;
    this.timer = setTimeout(() => this.save(), Math.max(0, delay, patience));
  }

  redrawn() {
    if (this.isBusy) return;
    this.moves += 1;
    if (document.getElementById("conflict")) this.holdBack();
    if (this.status) this.say(...this.status);
    this.save();
  }

  get isBusy() {
    return this.editor.hasAttribute("aria-busy");
  }

  // --- in the browser ---

  copy() {
    clearTimeout(this.copying);
    this.copying = undefined;
    if (this.isLetGo) return;
    const data = this.data();
    const state = typed(data);
    if (state === this.saved) return this.dropCopy();
    if (state === this.pressedWith) return; // a later number would make it seem newer than what was sent
    this.keepsHere = write({
      person: document.body.dataset.person,
      draft: this.draft,
      opportunity: this.form.dataset.opportunity,
      version: this.version,
      page: sender.page,
      edit: sender.edit,
      at: Date.now(),
      entries: [...data].filter(([name]) => name !== TOKEN),
    });
  }

  dropCopy() {
    remove((copy) => copy.page === sender.page);
  }

  // --- on the server ---

  /** Save what is not saved and ask what is not known; one question at a time, and none while a row is redrawn. */
  save() {
    clearTimeout(this.timer);
    if (this.isInConflict || this.isLeaving || this.isBusy) return undefined;
    if (this.asking) {
      this.isAskedAgain = true;
      return this.asking;
    }
    const data = this.data();
    const state = typed(data);
    const field = inHand(this.form);
    const isPristine = state === this.saved && !this.version;
    const isKnown = state === this.judged && (!this.withheld || this.withheld === field);
    if (isPristine || isKnown) return undefined;
    data.set("in_hand", field);
    data.set("told", told(this.form).join(" "));
    this.asking = this.exchange(data, state).finally(() => (this.asking = undefined));
    return this.asking;
  }

  async exchange(data, state) {
    const moves = this.moves;
    this.isAskedAgain = false;
    const { status, said } = await this.ask(data);
    if (this.isLeaving) return;
    if (status === 409) return this.conflict(said.notice);
    if (status !== 200) return this.failed(status);
    this.wasSaved(said, state);
    const hasMoved = moves !== this.moves;
    [this.judged, this.withheld] = [hasMoved ? undefined : state, said.withheld];
    if (!hasMoved) tell(this.form, said, this.asSent(data));
    if (hasMoved || this.isAskedAgain) this.saveIn(0);
  }

  /** Post it and return { status, said }; without an answer the status is 0. */
  async ask(data, { isLast = false } = {}) {
    this.controller = new AbortController();
    const limit = setTimeout(() => this.controller.abort(), NO_ANSWER);
    try {
      const body = new URLSearchParams(data);
      const { signal } = this.controller;
      const answer = await fetch(this.form.dataset.keep, { method: "POST", body, signal, keepalive: isLast });
      const isJson = answer.headers.get("Content-Type")?.startsWith("application/json");
      if (isJson) return { status: answer.status, said: await answer.json() };
      // An answer that is a page is not ours: whoever was led elsewhere has to sign in first.
      return { status: answer.ok ? 401 : answer.status };
    } catch {
      return { status: 0 };
    } finally {
      clearTimeout(limit);
    }
  }

  wasSaved({ draft, version, saved }, state) {
    const isFirst = !this.version;
    this.failures = 0;
    this.saved = state;
    this.hidden("draft").value = draft;
    this.hidden("version").value = Math.max(version, this.version);
    this.say(saved);
    this.status = undefined;
    if (this.isUnsaved) {
      this.firstUnsaved = Date.now();
      this.saveIn(QUIET);
    } else {
      this.firstUnsaved = undefined;
      this.form.removeAttribute("data-unsaved");
      this.dropCopy();
    }
    if (new URLSearchParams(location.search).get("draft") !== draft) {
      history.replaceState(history.state, "", this.address);
    }
    if (isFirst) this.takeOverAround();
  }

  /** What a page has only once its draft is kept: the way to discard it, and links that bring it along. */
  async takeOverAround() {
    const page = await this.fetchPage();
    for (const selector of [".target__links", "#discard"]) {
      const [old, fresh] = [document, page].map((each) => each?.querySelector(selector));
      if (fresh && old && !old.contains(document.activeElement)) old.replaceWith(document.adoptNode(fresh));
      else if (fresh && !old) this.editor.after(document.adoptNode(fresh));
    }
  }

  async fetchPage() {
    try {
      const answer = await fetch(this.address);
      return new DOMParser().parseFromString(await answer.text(), "text/html");
    } catch {
      return null;
    }
  }

  /** Tell for each row whether it stands as it was sent. */
  asSent(sent) {
    const [before, now] = [byRow(sent), byRow(this.data())];
    return (number) => before.get(number) === now.get(number);
  }

  // --- what goes wrong ---

  async failed(status) {
    this.copy();
    if (status === 401) return this.isSignedOut();
    if (status === 403 && !this.failures && (await this.renewed())) return this.saveIn(0);
    this.failures += 1;
    this.retryAt = Date.now() + Math.min(FIRST_RETRY * 2 ** (this.failures - 1), LAST_RETRY);
    const kept = this.keepsHere ? KEPT_HERE : "Leave this page open.";
    if (status === 413 || status === 400) this.say(`Not saved: it is too much for one draft. ${kept}`);
    else if (status === 403) this.say(`Not saved: the portal does not take it from you. ${kept}`);
    else this.say(`Not saved yet: the portal does not answer. ${kept}`);
    this.saveIn(0);
  }

  isSignedOut() {
    // Each later try is somebody's typing: they may have signed in at another window.
    const link = document.createElement("a");
    link.href = `${this.form.dataset.signIn}?next=${encodeURIComponent(this.address)}`;
    link.textContent = "Sign in again";
    const kept = this.keepsHere ? "What you typed is kept in this browser." : "Leave this page open.";
    this.say(`You are signed out. ${kept} `, link);
  }

  /** After somebody has signed in again at another window, the page's token is another. */
  async renewed() {
    const page = await this.fetchPage();
    const token = page?.querySelector(`[name=${TOKEN}]`)?.value;
    if (!token || page.body.dataset.person !== document.body.dataset.person) return false;
    for (const each of document.querySelectorAll(`[name=${TOKEN}]`)) each.value = token;
    return true;
  }

  /** What this window does from now on would hit what stands in the other one; discarding too. */
  holdBack() {
    this.isInConflict = true;
    document.getElementById("discard")?.remove();
  }

  conflict(notice) {
    this.holdBack();
    this.copy();
    const page = new DOMParser().parseFromString(notice, "text/html");
    document.getElementById("conflict")?.remove();
    this.editor.before(document.adoptNode(page.getElementById("conflict")));
    this.say("Not saved: it was changed in another window");
  }

  say(...parts) {
    this.status = parts;
    const kept = document.getElementById("kept");
    const text = parts.map((part) => part.textContent ?? part).join("");
    if (kept && kept.textContent !== text) kept.replaceChildren(...parts);
  }

  // --- leaving ---

  /** A link that opens elsewhere leaves this page as it is, and what stands here with it. */
  clicked(event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    if (event.target.closest("[data-lets-go]")) this.letGo();
  }

  pressed(event) {
    if (event.target.id === "discard") this.letGo();
    if (event.target !== this.form || event.defaultPrevented) return;
    this.copy();
    this.leave();
    this.pressedWith = typed(this.data());
    setTimeout(() => this.stay(), LONGEST_LEAVING);
  }

  stay() {
    this.isLeaving = this.isLetGo = false;
    this.pressedWith = undefined;
  }

  leave() {
    this.isLeaving = true;
    clearTimeout(this.timer);
    this.controller?.abort();
  }

  /** The person has chosen to be without what stands here. */
  letGo() {
    this.isLetGo = true;
    this.leave();
    remove((copy) => copy.page === sender.page || copy.draft === this.draft);
  }

  close() {
    if (this.isLetGo || this.isLeaving) return;
    this.copy();
    const data = this.data();
    if (typed(data) === this.saved || this.isInConflict) return;
    if (new URLSearchParams(data).toString().length < MOST_WHILE_CLOSING) this.ask(data, { isLast: true });
  }

  async signsOut(event) {
    if (!event.target.matches("[data-signs-out]") || this.isLetGo) return;
    if (this.isUnsaved) {
      event.preventDefault();
      event.stopImmediatePropagation();
      const limit = new Promise((resolve) => setTimeout(resolve, LONGEST_UNSAVED));
      await Promise.race([Promise.resolve(this.asking).then(() => this.save()), limit]);
      const question = "What you typed last is not saved. Sign out all the same? It is then taken out of this browser.";
      if (this.isUnsaved && !confirm(question)) return;
    }
    this.isLetGo = true;
    this.leave();
    forget();
    if (event.defaultPrevented) event.target.requestSubmit();
  }

  // --- coming back ---

  /** Send what this browser kept and the server has not, as its page would have done. */
  restore() {
    const now = this.data();
    const [copy] = find(
      ({ draft, version, opportunity }) =>
        draft === this.draft || (!version && !this.version && opportunity === this.form.dataset.opportunity),
    );
    if (!copy) return false;
    const tries = (recall()?.copy === `${copy.page} ${copy.edit}` ? recall().tries : 0) + 1;
    if (typedIn(copy.entries) === typed(now) || tries > TRIES_TO_RESTORE) {
      remove(({ page }) => page === copy.page);
      return false;
    }
    const before = this.version ? [...now].filter(([name]) => !NOT_TYPED.has(name)) : null;
    recollect({ draft: copy.draft, copy: `${copy.page} ${copy.edit}`, tries, before });
    this.send(copy.entries);
    return true;
  }

  /** Say so on the page that stands after it, and offer the way back; return whether it is that page. */
  restored() {
    const record = recall();
    if (record?.draft !== this.draft) return false;
    if (find(({ page, edit }) => `${page} ${edit}` === record.copy).length && !this.isInConflict) return false;
    recollect(null);
    if (this.isInConflict) return true;
    const words = "What you typed last was restored from this browser.";
    const notice = document.getElementById("notice").content.firstElementChild.cloneNode(true);
    notice.querySelector("p").append(words, " ");
    if (record.before) notice.querySelector("p").append(this.wayBack(record.before));
    const place = document.createElement("div");
    place.append(notice);
    this.editor.before(place);
    announce(words);
    return true;
  }

  wayBack(entries) {
    const button = document.createElement("button");
    button.className = "link";
    button.textContent = "Show the saved draft instead";
    button.addEventListener("click", () => {
      this.letGo();
      const known = [...this.data()].filter(([name]) => NOT_TYPED.has(name) && name !== TOKEN);
      this.send([...entries, ...known]);
    });
    return button;
  }

  send(entries) {
    this.leave();
    const form = document.createElement("form");
    [form.method, form.action, form.hidden] = ["post", this.form.dataset.address, true];
    for (const [name, value] of [...entries, ["do", "refresh"], [TOKEN, this.hidden(TOKEN).value]]) {
      const input = document.createElement("input");
      [input.type, input.name, input.value] = ["hidden", name, value];
      form.append(input);
    }
    document.body.append(form);
    form.submit();
  }
}

function typed(data) {
  return typedIn([...data]);
}

/** What was typed, to compare: the server may draw a field that is empty, or may not. */
function typedIn(entries) {
  return JSON.stringify(entries.filter(([name, value]) => value && !NOT_TYPED.has(name)));
}

function byRow(data) {
  const rows = new Map();
  for (const [name, value] of data) {
    const number = Number(/^r(\d+)-/.exec(name)?.[1] ?? 0);
    rows.set(number, `${rows.get(number) ?? ""}${name}=${value}\n`);
  }
  return rows;
}

/** What this window remembers of a restoring over the load of the next page. */
function recall() {
  try {
    return JSON.parse(sessionStorage.getItem(RESTORED));
  } catch {
    return null;
  }
}

function recollect(record) {
  try {
    if (record) sessionStorage.setItem(RESTORED, JSON.stringify(record));
    else sessionStorage.removeItem(RESTORED);
  } catch {
    // Then it is restored without being said.
  }
}

const rows = document.getElementById("rows");
if (rows) new Keeping(rows).start();
