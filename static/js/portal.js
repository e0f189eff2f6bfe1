import "./combo-box.js";
import "./finder.js";
import "./latest-activities.js";
import "./option-filter.js";
import "./pin-toggle.js";
import "./row-editor.js";
import "./signing-out.js";
import "./submit-once.js";
