// The floor: a click on a ghost takes its tables, as the button with the same tables above does.
"use strict";

(() => {
  document.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const ghost = event.target.closest?.("a[data-takes]");
    const form = ghost && document.querySelector(`form[data-takes="${CSS.escape(ghost.dataset.takes)}"]`);
    if (!form) return;
    event.preventDefault();
    form.requestSubmit();
  });
})();
