// Forms that a worker keeps while there is no connection (matter-worker.js), on pages that say so with
// <… data-worker-scope>. Without a worker the browser sends them as always.
"use strict";

(() => {
  const note = document.querySelector("[data-worker-scope]");
  if (!note || !("serviceWorker" in navigator)) return;
  const scope = note.dataset.workerScope;
  const who = note.dataset.who || "";  // an agent's, who is signed in
  const csrf = who ? document.querySelector("form[data-kept] input[name=csrf]").value : "";
  const waiting = new Map();
  const SOON_MS = [0, 500, 1_500, 4_000];  // a phone says that it is online before the network answers
  let answered = false;
  const stale = !navigator.onLine;  // from the worker's store: asked for again when it can be

  function show() {
    note.hidden = waiting.size === 0;
    document.documentElement.dataset.kept = String(waiting.size);
  }

  function done(form, { result, notice }) {
    if (result === "conflict") return form.dataset.conflict || "both_wrote";
    return result === "done" ? notice || form.dataset.done || "step_sent" : "not_taken";
  }

  navigator.serviceWorker.addEventListener("message", ({ data }) => {
    if (data.stored) document.documentElement.dataset.offline = "stored";
    if (data.waiting === 0 && stale && !answered && navigator.onLine) {
      answered = true;
      location.reload();
    }
    if (!data.key) return;
    answered = true;
    const form = waiting.get(data.key);
    waiting.delete(data.key);
    show();
    if (waiting.size === 0) {
      const here = new URL(location.href);
      here.searchParams.set("done", form ? done(form, data) : "step_sent");
      location.replace(here);
    }
  });

  function flush() {
    const worker = navigator.serviceWorker.controller;
    if (worker) worker.postMessage({ flush: true, signedIn: who ? { who, csrf } : null });
  }

  async function send(event) {
    const form = event.target;
    if (!navigator.serviceWorker.controller || form.method !== "post") return;
    event.preventDefault();
    const key = crypto.randomUUID();
    const body = new FormData(form, event.submitter);
    body.set("key", key);
    const url = form.getAttribute("action") || location.pathname;  // a button is named action, and hides the property
    const built = new Request(url, { method: "POST", body: who ? new URLSearchParams(body) : body });
    waiting.set(key, form);
    document.documentElement.dataset.sent = "";  // parallel.js: what follows is our answer
    flush();
    try {
      await fetch(url, {
        method: "POST", credentials: "same-origin",
        headers: { "Content-Type": built.headers.get("Content-Type"), "X-Action-Key": key, "X-Action-Who": who },
        body: await built.arrayBuffer(),
      });
      for (const button of form.querySelectorAll("button")) button.disabled = true;
    } catch {
      waiting.delete(key);
      if (waiting.size === 0) delete document.documentElement.dataset.sent;
    }
    show();
  }

  navigator.serviceWorker.register("/matter-worker.js", { scope }).then(async () => {
    await navigator.serviceWorker.ready;
    const forms = who ? "form[data-kept]" : "main form[method=post]";
    for (const form of document.querySelectorAll(forms)) form.addEventListener("submit", send);
    window.addEventListener("online", () => { for (const ms of SOON_MS) setTimeout(flush, ms); });
    setInterval(flush, 10_000);
    flush();
    document.documentElement.dataset.worker = "ready";
    if (who) return;
    const files = [...document.querySelectorAll("script[src], link[rel=stylesheet]")].map(
      (each) => new URL(each.src || each.href).pathname);
    const worker = navigator.serviceWorker.controller || (await navigator.serviceWorker.ready).active;
    worker.postMessage({ page: location.pathname, files });
  }, () => { /* a browser without workers, or one that is set to have none */ });
})();
