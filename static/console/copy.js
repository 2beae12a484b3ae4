// "Copy link": puts the address of the page, without its query, on the clipboard and says so.
"use strict";

for (const button of document.querySelectorAll("[data-copy-link]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(location.origin + location.pathname);
    const words = button.querySelector("[data-copy-words]");
    words.textContent = "Copied";
    setTimeout(() => { words.textContent = "Copy link"; }, 2000);
  });
}
