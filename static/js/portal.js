import "./combo-box.js";
import "./option-filter.js";
import "./row-editor.js";
import "./submit-once.js";
