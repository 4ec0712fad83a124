// Tries a rule on history with a progress bar; then the page shows what was found. Where the stream
// cannot be read the page is opened at once, and runs the trial itself, as without JavaScript.
"use strict";

(() => {
  const link = document.querySelector("a[data-trial]");
  if (!link) return;

  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const place = document.getElementById("trial");
    const bar = place.querySelector("progress");
    const text = place.querySelector("[role=status]");
    const begin = text.textContent;
    link.parentElement.hidden = true;
    place.hidden = false;
    const source = new EventSource(link.dataset.trial);
    source.addEventListener("progress", (step) => {
      const now = JSON.parse(step.data);
      bar.max = now.of || 1;
      bar.value = now.done;
      text.textContent = `${begin} ${now.text}`;
    });
    const end = () => {
      source.close();
      location.assign(link.href);
    };
    for (const name of ["done", "failed", "error"]) source.addEventListener(name, end);
    window.addEventListener("pagehide", () => source.close());
  });
})();
