// The customer's page of a case: takes the secret out of the address, asks for a position where a
// step wants one and the customer presses its button. Without JavaScript all forms work as well.
"use strict";

(() => {
  const main = document.querySelector("main[data-matter]");
  if (!main) return;

  const here = new URL(location.href);
  if (here.searchParams.has("t")) {
    here.searchParams.delete("t");
    history.replaceState(null, "", here);
  }

  for (const button of document.querySelectorAll("button[data-position-for]")) {
    if (!("geolocation" in navigator)) continue;
    button.hidden = false;
    button.addEventListener("click", () => {
      button.disabled = true;
      navigator.geolocation.getCurrentPosition(
        ({ coords }) => {
          const field = document.getElementById(button.dataset.positionFor);
          const place = `${coords.latitude.toFixed(5)}, ${coords.longitude.toFixed(5)}`;
          field.value = field.value ? `${field.value}\n${place}` : place;
          field.dispatchEvent(new Event("input", { bubbles: true }));
          button.disabled = false;
        },
        () => { button.disabled = false; },
        { enableHighAccuracy: true, timeout: 20_000 },
      );
    });
  }
})();
