import "./finder.js";
import "./latest-activities.js";
import "./pin-toggle.js";
import "./row-editor.js";
import "./submit-once.js";
