// Single-key shortcuts. An element with `data-key` is clicked (a field is focused) when its key is pressed
// outside of fields; "?" opens the sheet, which lists what the page has. They can be switched off there.
"use strict";

(() => {
  const OFF = "console.keys.off";
  const sheet = document.getElementById("keys");
  const toggle = document.getElementById("keys-on");
  if (!sheet || !toggle) return;

  const isOn = () => localStorage.getItem(OFF) === null;
  const isField = (element) => element?.closest?.("input:not(.check), textarea, select, [contenteditable]");

  const onPage = () => [...document.querySelectorAll("[data-key]")].filter((element) => element.checkVisibility());

  function fill() {
    const list = document.getElementById("keys-list");
    const known = new Map();
    for (const element of onPage()) {
      if (element.dataset.keyLabel && !known.has(element.dataset.key)) known.set(element.dataset.key, element.dataset.keyLabel);
    }
    list.replaceChildren(...[...known].map(([key, label]) => {
      const row = document.createElement("li");
      const cap = document.createElement("kbd");
      cap.textContent = key.toUpperCase();
      row.append(cap, label);
      return row;
    }));
    toggle.checked = isOn();
  }

  function open() {
    fill();
    sheet.showModal();
  }

  function press(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isField(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    if (event.key === "?") return open();
    if (!isOn()) return;
    const target = onPage().find((element) => element.dataset.key === event.key.toLowerCase());
    if (!target || target.disabled) return;
    event.preventDefault();
    if (isField(target)) target.focus();
    else target.click();
  }

  toggle.addEventListener("change", () => {
    if (toggle.checked) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "yes");
  });
  document.querySelector("[data-opens-keys]")?.addEventListener("click", open);
  document.addEventListener("keydown", press);
})();
