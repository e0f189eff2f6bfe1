// Which key does what, and how a key is called on this machine. Why these keys: docs/decisions/, “The keys of the rows”.
const IS_MAC = /mac|iphone|ipad/i.test(navigator.userAgentData?.platform ?? navigator.platform);
const ON_MAC = { Ctrl: "⌘", Alt: "⌥", Shift: "⇧", Enter: "↩", Backspace: "⌫", Tab: "⇥" };
const COMMANDS = {
  Enter: "next",
  "Shift Enter": "previous",
  "Alt Enter": "break",
  "Ctrl Enter": "below",
  "Ctrl D": "fill",
  "Ctrl Shift D": "duplicate",
  "Alt Shift ArrowUp": "up",
  "Alt Shift ArrowDown": "down",
  "Alt Shift Backspace": "remove",
  "Alt Shift C": "column",
  "Alt Shift G": "group",
  "Ctrl Z": "undo",
  "Ctrl Shift Z": "redo",
  ...(IS_MAC ? {} : { "Ctrl Y": "redo" }),
  "Ctrl S": "review",
  "?": "shortcuts",
};

/** The name of the command that these keys give; undefined where they give none. */
export function commandOf(event) {
  if (event.isComposing || event.getModifierState("AltGraph")) return undefined;
  if (event.key === "?" && !event.ctrlKey && !event.metaKey && !event.altKey) return COMMANDS["?"];
  const [main, other] = IS_MAC ? [event.metaKey, event.ctrlKey] : [event.ctrlKey, event.metaKey];
  if (other) return undefined;
  const modifiers = [main && "Ctrl", event.altKey && "Alt", event.shiftKey && "Shift"].filter(Boolean);
  return COMMANDS[[...modifiers, keyOf(event)].join(" ")];
}

/** Call the keys below an element as this machine does. */
export function nameKeys(element) {
  if (!IS_MAC) return;
  for (const key of element.querySelectorAll("kbd")) {
    key.textContent = key.dataset.mac ?? keyName(key.textContent);
  }
}

export function keyName(words) {
  return IS_MAC ? words.replace("Ctrl Shift", "Shift Ctrl").replace(/[A-Z][a-z]+/g, (word) => ON_MAC[word] ?? word) : words;
}

/** The letter on the key where the layout, or Option on a Mac, makes something else of it. */
function keyOf({ key, code, altKey }) {
  const letter = /^Key([A-Z])$/.exec(code)?.[1];
  if (letter && (altKey || !/^[a-z]$/i.test(key))) return letter;
  return key.length === 1 ? key.toUpperCase() : key;
}
