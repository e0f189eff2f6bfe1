// What somebody typed and the server does not have yet, in this browser: one copy for each page that typed it.
// A copy is { person, draft, opportunity, version, page, edit, at, entries }; `page` and `edit` say which save it is.
// A browser that keeps nothing, or is full, is no reason to stop: `write` then says false.
const PREFIX = "lsq-portal-copy ";
const PERSON = "lsq-portal-person";
const LONGEST = 7 * 24 * 3600 * 1000;

/** Keep a copy in the place of the earlier one of its page; return whether it was possible. */
export function write(copy) {
  try {
    localStorage.setItem(PREFIX + copy.page, JSON.stringify(copy));
    return true;
  } catch {
    return false;
  }
}

/** Return the copies that pass, newest first. */
export function find(passes) {
  return all()
    .map(([, copy]) => copy)
    .filter((copy) => copy && passes(copy))
    .sort((one, other) => other.at - one.at);
}

/** Take away the copies that pass; one that cannot be read passes always. */
export function remove(passes) {
  for (const [key, copy] of all()) if (!copy || passes(copy)) localStorage.removeItem(key);
}

/** Take away what is not this person's, what is too old, and what the page says that the server has. */
export function tidy(page) {
  const { person } = page.body.dataset;
  const last = person ?? read(PERSON);
  const saved = new Map([...page.querySelectorAll("[data-saved]")].map((each) => each.dataset.saved.split(" ")));
  remove((copy) => copy.person !== last || Date.now() - copy.at > LONGEST || copy.edit <= Number(saved.get(copy.page)));
  if (person) remember(person);
}

/** Forget everything: somebody signs out. */
export function forget() {
  remove(() => true);
  try {
    localStorage.removeItem(PERSON);
  } catch {
    // A browser that keeps nothing has nothing to forget.
  }
}

function all() {
  try {
    return Object.keys(localStorage)
      .filter((key) => key.startsWith(PREFIX))
      .map((key) => [key, parsed(localStorage.getItem(key))]);
  } catch {
    return [];
  }
}

function parsed(text) {
  try {
    const copy = JSON.parse(text);
    return Array.isArray(copy?.entries) ? copy : null;
  } catch {
    return null;
  }
}

function read(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function remember(person) {
  try {
    localStorage.setItem(PERSON, person);
  } catch {
    // Then it keeps no copies either.
  }
}
