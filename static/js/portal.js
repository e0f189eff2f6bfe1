import "./row-editor.js";
import "./submit-once.js";
