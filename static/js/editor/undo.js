// What can be taken back: steps, each with both of its sides. What a step holds is the editor's matter.
const MOST_STEPS = 100;

export class Steps {
  #done = [];
  #undone = [];

  add(step) {
    this.#done.push(step);
    if (this.#done.length > MOST_STEPS) this.#done.shift();
    this.#undone.length = 0;
  }

  /** The last step, to take it back; undefined where there is none. */
  undo() {
    const step = this.#done.pop();
    if (step) this.#undone.push(step);
    return step;
  }

  /** The step that was taken back last, to do it again. */
  redo() {
    const step = this.#undone.pop();
    if (step) this.#done.push(step);
    return step;
  }

  get canUndo() {
    return this.#done.length > 0;
  }

  get canRedo() {
    return this.#undone.length > 0;
  }

  clear() {
    this.#done.length = this.#undone.length = 0;
  }
}
