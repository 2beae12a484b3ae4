// The queue by keyboard: J and K walk the rows, Enter opens the one in focus; one box ticks all.
"use strict";

(() => {
  const rows = () => [...document.querySelectorAll("a[data-row]")];

  function walk(step) {
    const all = rows();
    const here = all.indexOf(document.activeElement);
    all[Math.min(all.length - 1, Math.max(0, here + step))]?.focus();
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || localStorage.getItem("console.keys.off") !== null) return;
    if (event.target.closest("input:not(.check), textarea, select, dialog[open]")) return;
    if (event.key === "j") walk(1);
    if (event.key === "k") walk(-1);
  });

  document.addEventListener("change", (event) => {
    if (!event.target.matches("[data-tick-all]")) return;
    for (const box of event.target.closest("table").querySelectorAll("tbody .check")) box.checked = event.target.checked;
  });
})();
