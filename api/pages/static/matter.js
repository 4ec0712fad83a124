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

// Forms go through the worker, which keeps them while there is no connection. Without a worker the
// browser sends them as always.
(() => {
  const main = document.querySelector("main[data-matter]");
  if (!main || !("serviceWorker" in navigator)) return;
  const note = document.getElementById("matter-kept");
  const waiting = new Map();
  const SOON_MS = [0, 500, 1_500, 4_000];  // a phone says that it is online before the network answers
  let answered = false;
  const stale = !navigator.onLine;  // from the worker's store: asked for again when it can be

  function show() {
    note.hidden = waiting.size === 0;
    document.documentElement.dataset.kept = String(waiting.size);
  }

  navigator.serviceWorker.addEventListener("message", ({ data }) => {
    if (data.stored) document.documentElement.dataset.offline = "stored";
    if (data.waiting === 0 && stale && !answered && navigator.onLine) {
      answered = true;
      location.reload();
    }
    if (!data.key) return;
    answered = true;
    waiting.delete(data.key);
    show();
    if (waiting.size === 0) {
      const here = new URL(location.href);
      here.searchParams.set("done", { done: "step_sent", conflict: "both_wrote" }[data.result] || "not_taken");
      location.replace(here);
    }
  });

  function flush() {
    if (navigator.serviceWorker.controller) navigator.serviceWorker.controller.postMessage("flush");
  }

  async function send(event) {
    const form = event.target;
    if (!navigator.serviceWorker.controller || form.method !== "post") return;
    event.preventDefault();
    const body = new FormData(form, event.submitter);
    const key = crypto.randomUUID();
    body.set("key", key);
    const url = form.getAttribute("action");  // a button is named action, and hides the property
    const built = new Request(url, { method: "POST", body });
    waiting.set(key, form);
    document.documentElement.dataset.sent = "";  // parallel.js: what follows is our answer
    try {
      await fetch(url, {
        method: "POST", credentials: "same-origin",
        headers: { "Content-Type": built.headers.get("Content-Type"), "X-Action-Key": key },
        body: await built.arrayBuffer(),
      });
      for (const button of form.querySelectorAll("button")) button.disabled = true;
    } catch {
      waiting.delete(key);
      if (waiting.size === 0) delete document.documentElement.dataset.sent;
    }
    show();
  }

  navigator.serviceWorker.register("/matter-worker.js", { scope: "/matter/" }).then(async () => {
    await navigator.serviceWorker.ready;
    for (const form of main.querySelectorAll("form[method=post]")) form.addEventListener("submit", send);
    window.addEventListener("online", () => { for (const ms of SOON_MS) setTimeout(flush, ms); });
    setInterval(flush, 10_000);
    flush();
    const files = [...document.querySelectorAll("script[src], link[rel=stylesheet]")].map(
      (each) => new URL(each.src || each.href).pathname);
    const worker = navigator.serviceWorker.controller || (await navigator.serviceWorker.ready).active;
    worker.postMessage({ page: location.pathname, files });
  }, () => { /* a browser without workers, or one that is set to have none */ });
})();
