import { forget, tidy } from "./local-copies.js";

// On every page: copies of what was typed stay in this browser only for whoever is signed in, or was when a session
// ended by itself. Signing out takes them away.
tidy(document);
window.addEventListener("submit", (event) => {
  if (event.target.matches("[data-signs-out]") && !event.defaultPrevented) forget();
});
