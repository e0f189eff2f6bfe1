import "./row-editor.js";
import "./signing-out.js";
import "./submit-once.js";
