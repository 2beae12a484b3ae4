// One case: the lease counts down, the note goes along with whatever is chosen, the toast runs out.
"use strict";

(() => {
  function countDown() {
    for (const lease of document.querySelectorAll("[data-lease]")) {
      const left = Math.max(0, Math.round((new Date(lease.dataset.lease) - Date.now()) / 1000));
      lease.querySelector("[data-lease-left]").textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
      lease.querySelector(".fg").setAttribute("stroke-dasharray", `${(left / 300) * 100} 100`);
      lease.classList.toggle("lease--low", left < 60);
    }
  }
  setInterval(countDown, 1000);
  countDown();

  for (const form of document.querySelectorAll("form[data-takes-note]")) {
    form.addEventListener("submit", () => {
      const field = document.createElement("input");
      field.type = "hidden";
      field.name = "note";
      field.value = document.getElementById("note")?.value ?? "";
      form.append(field);
    });
  }
})();
