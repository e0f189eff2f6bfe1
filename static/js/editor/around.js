// What is drawn around the rows: the tally, the counts, the places that are left, the words on the button.
import { inWords, isFree, MOST_ROWS, numberOf } from "./rows.js";

/** Draw what follows from the rows and their states; costs nothing where nothing changed. */
export function drawAround(body) {
  const rows = [...body.rows];
  const filled = rows.filter((row) => !isFree(row));
  const count = document.getElementById("count");
  const left = Math.max(0, MOST_ROWS - filled.length);
  const places = document.getElementById("places");
  drawTally(count, filled, left);
  const total = document.querySelector("#filled > strong");
  const problems = filled.filter((row) => row.dataset.outcome === "error").length;
  setText(total, `${filled.length} of ${MOST_ROWS}`);
  setText(total.nextSibling, ` rows${problems ? `, ${problems} with a problem` : ""}`);
  setText(places.querySelector("span"), `${left} place${left === 1 ? "" : "s"} left.`);
  drawAdd(places, rows.length < MOST_ROWS);
  const button = document.querySelector(".action-bar__buttons [value=review]");
  const activities = filled.length === 1 ? "activity" : "activities";
  setText(button, button.textContent.replace(/^\s*Review\s+(\d+\s+)?activit(y|ies)/, `Review ${filled.length || ""} ${activities}`));
}

function drawAdd(places, isOffered) {
  const old = places.querySelector("button");
  if (isOffered === Boolean(old)) return;
  if (old) return old.remove();
  const button = document.createElement("button");
  Object.assign(button, { className: "button", name: "do", value: "add", textContent: "Add a row" });
  places.prepend(button, " ");
}

function drawTally(count, filled, left) {
  const [numbers, free] = count.querySelectorAll(".tally");
  const wanted = filled.map((row) => `#${row.id} ${row.dataset.outcome}`);
  const drawn = [...numbers.querySelectorAll("a")].map((link) => `${link.getAttribute("href")} ${link.dataset.outcome}`);
  if (wanted.join() === drawn.join() && free.childElementCount === left) return;
  numbers.replaceChildren(...filled.map(placeOf));
  free.replaceChildren(...Array.from({ length: left }, freePlace));
}

function placeOf(row) {
  const link = document.createElement("a");
  link.className = "tally__place";
  link.dataset.outcome = row.dataset.outcome;
  link.href = `#${row.id}`;
  link.append(hidden("Row "), String(numberOf(row)), hidden(`, ${inWords(row.dataset.outcome)}`));
  const place = document.createElement("li");
  place.append(link);
  return place;
}

function freePlace() {
  const place = document.createElement("i");
  place.className = "tally__place";
  place.dataset.outcome = "free";
  return place;
}

function hidden(text) {
  const span = document.createElement("span");
  span.className = "vh";
  span.textContent = text;
  return span;
}

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
