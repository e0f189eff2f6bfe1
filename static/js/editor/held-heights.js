// A note grows with its text, so that each key could move all that is around it, and has all of it laid out. While
// somebody types on, its height is held, and looked at anew when the text has outgrown it or is changed otherwise.
export function holdHeights(editor) {
  let length = 0; // of the text when it was looked at last
  const letGo = ({ target }) => delete target.dataset.held;
  editor.addEventListener("focusin", letGo);
  addEventListener("resize", () => letGo({ target: document.activeElement }));
  editor.addEventListener("input", ({ target, inputType }) => {
    if (target.localName !== "textarea") return;
    const [had, fits] = [length, target.scrollHeight <= target.clientHeight];
    length = target.textLength;
    if ("held" in target.dataset && fits && length > had && inputType === "insertText") return;
    delete target.dataset.held;
    if (!inputType) return; // written by a command, which may go on
    target.style.setProperty("--held", `${target.offsetHeight}px`);
    target.dataset.held = "";
  });
}
