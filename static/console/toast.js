// A toast leaves when its seconds are over; its line shrinks meanwhile.
"use strict";

(() => {
  const toast = document.querySelector("[data-toast]");
  if (!toast) return;
  const seconds = Number(toast.dataset.toast);
  const shown = Date.now();
  const line = toast.querySelector("[data-toast-left]");
  const timer = setInterval(() => {
    const left = seconds - (Date.now() - shown) / 1000;
    line.setAttribute("width", String(Math.max(0, (left / seconds) * 100)));
    if (left > 0) return;
    clearInterval(timer);
    toast.remove();
  }, 250);
})();
