// A part of a page that is drawn anew while somebody reads in it: what they have opened there stays open.
document.addEventListener("htmx:oobBeforeSwap", ({ detail: { target, fragment } }) => {
  for (const { id } of target.querySelectorAll("details[id][open]")) {
    fragment.querySelector(`#${CSS.escape(id)}`)?.setAttribute("open", "");
  }
});
