// The summary of problems above the rows follows what is put right in them: a line goes with the error at its field, and
// it follows a row that moves and words that change. It says so once, when the last one is gone. A line about no field stays.
const summary = document.getElementById("problems");
const rows = document.getElementById("rows");
const ERROR = "-error";
const lines = new Map(); // a line -> the error at its field

function start() {
  for (const line of summary.querySelectorAll("li")) {
    const error = errorOf(line);
    if (error) lines.set(line, error);
  }
  const watch = new MutationObserver(() => follow(watch));
  const filter = ["id", "data-outcome"];
  watch.observe(rows, { subtree: true, childList: true, attributes: true, attributeFilter: filter });
  summary.addEventListener("focusout", () => setTimeout(() => follow(watch)));
}

function follow(watch) {
  let isLess = false;
  for (const [line, known] of lines) {
    const error = known.isConnected ? known : errorOf(line);
    if (error) {
      lines.set(line, error);
      retell(line, error);
    } else if (!line.contains(document.activeElement)) {
      lines.delete(line);
      line.remove();
      isLess = true;
    }
  }
  if (isLess) shrink(watch);
  if (summary.isConnected) drawOffer();
}

/** The error at the field that a line leads to; a row that was drawn anew has another one there. */
function errorOf(line) {
  const id = line.querySelector("a")?.hash.slice(1);
  return id ? document.getElementById(`${id}${ERROR}`) : null;
}

/** Lead to the field where it is now, and say what is said there now. */
function retell(line, error) {
  const link = line.querySelector("a");
  const hash = `#${error.id.slice(0, -ERROR.length)}`;
  if (link.getAttribute("href") !== hash) link.setAttribute("href", hash);
  setText(link, `Row ${/\d+/.exec(hash)[0]}, ${error.textContent.trim()}`);
}

function shrink(watch) {
  summary.removeAttribute("role"); // an alert would be read out whole at each change
  const count = summary.querySelectorAll("li").length;
  if (count) {
    const heading = summary.querySelector("h2");
    heading.textContent = heading.textContent.replace(/^\d+ problems?/, `${count} problem${count === 1 ? "" : "s"}`);
    return;
  }
  watch.disconnect();
  summary.remove();
  document.title = document.title.replace(/^Error: /, "");
  document.getElementById("said").textContent = "All problems are put right";
}

/** The way on with the rows that have no problem, as many as there are now. */
function drawOffer() {
  const button = summary.querySelector("[value=review-valid]");
  if (!button) return;
  const valid = rows.querySelectorAll("tr[data-outcome=ready]").length;
  const wrong = [...rows.querySelectorAll("tbody tr[data-outcome=error]")].map((row) => row.id.replace("-", " "));
  button.parentElement.hidden = !valid || !wrong.length;
  if (!wrong.length) return;
  const listed = new Intl.ListFormat("en-GB").format(wrong).replace("r", "R");
  setText(button, `Review only the ${valid} valid row${valid === 1 ? "" : "s"}`);
  setText(button.parentElement.querySelector("span"), `${listed} ${wrong.length === 1 ? "stays" : "stay"} in the draft.`);
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

if (summary && rows) start();
