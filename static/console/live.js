// Live parts: an element with `data-live` asks for itself anew (htmx, on the event "live:refresh") every
// so many seconds. It waits while the tab is hidden, a box in it is ticked or the focus is inside, so that
// nothing moves under somebody's hand. `[data-live-status]` tells how old the page is, or why it waits.
"use strict";

(() => {
  const seconds = Number(document.querySelector("[data-live]")?.dataset.live || 0);
  const status = document.querySelector("[data-live-status]");
  if (!seconds || !status) return;
  const words = status.querySelector("[data-live-words]");
  let updated = Date.now();
  let failed = false;

  const parts = () => [...document.querySelectorAll("[data-live]")];

  function whyPaused() {
    const ticked = parts().reduce((sum, part) => sum + part.querySelectorAll("input.check:checked").length, 0);
    if (ticked) return `Paused while ${ticked} ${ticked === 1 ? "row is" : "rows are"} ticked`;
    if (document.querySelector("dialog[open]")) return "Paused while a dialog is open";
    if (parts().some((part) => part.contains(document.activeElement))) return "Paused while you work in it";
    return "";
  }

  function age() {
    const past = Math.round((Date.now() - updated) / 1000);
    return past < 60 ? `${past} s ago` : `${Math.round(past / 60)} min ago`;
  }

  function tick() {
    const paused = whyPaused();
    status.classList.toggle("live--paused", Boolean(paused) || failed);
    words.textContent = paused || (failed ? `No answer since ${age()}` : `Updated ${age()}`);
    if (!paused && !document.hidden && Date.now() - updated >= seconds * 1000 && !asked) refresh();
  }

  let asked = false;
  function refresh() {
    asked = true;
    for (const part of parts()) part.dispatchEvent(new CustomEvent("live:refresh"));
    // An answer that never comes must not stop the next question.
    setTimeout(() => { asked = false; }, seconds * 2000);
  }

  document.addEventListener("htmx:afterSwap", () => { updated = Date.now(); failed = false; asked = false; });
  for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
    document.addEventListener(name, () => { failed = true; asked = false; });
  }
  // What came while somebody began to work is not put under their hand.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.target.closest?.("[data-live]") && whyPaused()) event.detail.shouldSwap = false;
  });
  document.addEventListener("visibilitychange", tick);
  setInterval(tick, 1000);
  tick();
})();
