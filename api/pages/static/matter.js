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

  const source = new EventSource(`${main.dataset.matter}/live`);
  const report = (whats) => document.dispatchEvent(
    new CustomEvent("tachowatt:change", { detail: whats }));
  source.addEventListener("open", () => report(["draft"]));
  source.addEventListener("change", (event) => {
    const whats = JSON.parse(event.data);
    report(whats);
    if (whats.length) refresh();
  });
  source.addEventListener("bye", () => source.close());
  window.addEventListener("pagehide", () => source.close());

  // What only is shown. Forms are those of parallel.js; where there is none, a new step reloads the page.
  async function refresh() {
    try {
      const answer = await fetch(location.pathname, { credentials: "same-origin" });
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const region of document.querySelectorAll("[data-matter-live]")) {
        const other = fresh.getElementById(region.id);
        if (other && other.innerHTML !== region.innerHTML) region.innerHTML = other.innerHTML;
      }
      if (!document.querySelector("form[data-parallel]") && fresh.querySelector("form[data-parallel]")) {
        location.reload();
      }
    } catch {
      // no connection: the stream comes back by itself, and reports then
    }
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
