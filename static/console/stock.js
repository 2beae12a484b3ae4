// Names what Django's own pages leave nameless for screen readers: choices with search, whenever they
// appear, and the first column of rows that are edited on another record's page.
"use strict";

(() => {
  const main = document.getElementById("main");

  function nameChoices() {
    for (const select of document.querySelectorAll("select.admin-autocomplete")) {
      const name = document.querySelector(`label[for="${select.id}"]`)?.textContent.replace(":", "").trim();
      const box = select.nextElementSibling;
      if (!name || !box) continue;
      for (const part of box.querySelectorAll("[role=combobox], [role=textbox]")) part.setAttribute("aria-label", name);
    }
  }

  new MutationObserver(nameChoices).observe(main, { childList: true, subtree: true });
  nameChoices();
  for (const head of document.querySelectorAll("th.original:empty")) head.textContent = "Row";
})();
