// What fits a typed text: any part of name or code, several words in any order, whatever their case and accents.
// Pure: no document.

const MARKS = /[\u0300-\u036f]/g;
const IS_PLAIN = /^[\x00-\x7f]*$/;

/** The text in small letters without accents. */
export function folded(text) {
  const plain = IS_PLAIN.test(text) ? text : text.normalize("NFD").replace(MARKS, "");
  return plain.toLowerCase();
}

/** One thing to choose: what is kept, what is read, and what else it is known by (a code, an e-mail). */
export function entry(value, text, detail = "") {
  return { value, text, detail, hay: folded(detail ? `${text} ${detail}` : text), mail: detail.includes("@") ? folded(detail) : "" };
}

/**
 * The entries that fit, the likeliest first: those that begin with the text, then those with its words at the
 * beginning of words, then the others. At most `most` come back, `count` says how many there are.
 */
export function find(entries, text, most) {
  const wanted = folded(text).trim();
  const words = wanted.split(/\s+/).filter(Boolean);
  if (!words.length) return { hits: entries.slice(0, most), count: entries.length };
  const ranks = [[], [], []];
  let count = 0;
  for (const each of entries) {
    if (!words.every((word) => fits(each, word))) continue;
    count += 1;
    const rank = ranks[rankOf(each, wanted, words)];
    if (rank.length < most) rank.push(each);
  }
  return { hits: ranks.flat().slice(0, most), count };
}

/** The one entry that is meant: the only one that fits, or the only one that is called just so. */
export function only(entries, text) {
  const wanted = folded(text).trim();
  const same = entries.filter((each) => [each.text, each.detail, each.value].some((name) => folded(name) === wanted));
  if (same.length) return same.length === 1 ? same[0] : null;
  const { hits, count } = find(entries, text, 1);
  return count === 1 ? hits[0] : null;
}

/** An address is fitted from its beginning on: nobody who types one means another that ends like it. */
function fits(each, word) {
  return word.includes("@") && each.mail ? each.mail.startsWith(word) : each.hay.includes(word);
}

function rankOf({ hay, mail }, wanted, words) {
  if (hay.startsWith(wanted) || (mail && mail.startsWith(wanted))) return 0;
  return words.every((word) => beginsAWord(hay, word)) ? 1 : 2;
}

function beginsAWord(hay, word) {
  for (let at = hay.indexOf(word); at >= 0; at = hay.indexOf(word, at + 1)) {
    if (at === 0 || !isLetter(hay.charCodeAt(at - 1))) return true;
  }
  return false;
}

function isLetter(code) {
  return (code > 96 && code < 123) || (code > 47 && code < 58) || code > 127;
}
