// The page of a reading: answers while somebody types, and sends through the worker, which keeps it
// while there is no connection. Without JavaScript or a worker the form is sent as always, and the
// server asks.
"use strict";

(() => {
  const form = document.querySelector("form[data-reading]");
  if (!form) return;
  const field = document.getElementById("reading");
  const says = document.getElementById("reading-says");
  const confirm = document.getElementById("reading-confirm");
  const confirmed = form.querySelector("[name=confirmed]");
  const mark = document.getElementById("reading-mark");
  const svg = form.querySelector("svg.range");
  const texts = JSON.parse(document.getElementById("reading-texts").textContent);
  let fine = null;  // null : not known yet
  let asked = 0;

  const entered = () => {
    const text = field.value.replace(/\s/g, "").replace(",", ".");
    return /^\d+(\.\d{1,3})?$/.test(text) ? Number(text) : null;
  };

  function place(kwh) {
    if (!mark) return;
    const begin = Number(svg.dataset.begin), end = Number(svg.dataset.end);
    const x = 12 + ((Math.min(Math.max(kwh, begin), end) - begin) / (end - begin)) * 296;
    mark.setAttribute("x1", x);
    mark.setAttribute("x2", x);
    mark.setAttribute("visibility", "visible");
  }

  function tell(good, ...lines) {
    fine = good;
    says.replaceChildren(...lines.filter(Boolean).map((line, n) => {
      const p = document.createElement("p");
      const text = n === 0 ? document.createElement("strong") : p;
      text.textContent = line;
      if (text !== p) p.append(text);
      return p;
    }));
    form.dataset.fine = String(good);
    confirm.hidden = good !== false;
    if (good !== false) confirmed.checked = false;
  }

  // By the range that the page has: also without a connection.
  function guess(kwh) {
    if (kwh >= 10 ** Number(form.dataset.digits)) return tell(false, texts.digits);
    if (!("low" in form.dataset)) return tell(true);
    const good = Number(form.dataset.low) <= kwh && kwh <= Number(form.dataset.high);
    return tell(good, good ? texts.plausible : texts.unusual);
  }

  async function ask() {
    const kwh = entered(), mine = ++asked;
    if (kwh === null) {
      if (mark) mark.setAttribute("visibility", "hidden");
      tell(null);
      return;
    }
    place(kwh);
    try {
      const answer = await fetch(`${form.dataset.reading}/check`, {
        method: "POST", credentials: "same-origin",
        body: new URLSearchParams({ csrf: form.csrf.value, reading: field.value }),
      });
      if (mine !== asked) return;
      if (!answer.ok) throw new Error(String(answer.status));
      const found = await answer.json();
      tell(found.fine, found.says, found.reason, found.question);
    } catch {
      if (mine === asked) guess(kwh);
    }
  }

  let timer = 0;
  field.addEventListener("input", () => {
    clearTimeout(timer);
    fine = null;
    timer = setTimeout(ask, 250);
  });
  if (field.value) ask();

  if (!("serviceWorker" in navigator)) return;
  const note = document.getElementById("reading-kept");
  const lost = document.getElementById("reading-lost");
  let waiting = null;

  navigator.serviceWorker.addEventListener("message", ({ data }) => {
    if (data.stored) document.documentElement.dataset.offline = "stored";
    if (!data.key || data.key !== waiting) return;
    waiting = null;
    note.hidden = true;
    if (data.result === "done") {
      const here = new URL(location.href);
      here.searchParams.set("done", "reading_entered");
      location.replace(here);
    } else {
      lost.hidden = false;
      for (const button of form.querySelectorAll("button")) button.disabled = false;
    }
  });

  async function send(event) {
    if (!navigator.serviceWorker.controller) return;
    event.preventDefault();
    clearTimeout(timer);
    if (fine === null) await ask();
    if (fine === false && !confirmed.checked) {
      confirmed.focus();
      return;
    }
    const body = new FormData(form);
    body.set("confirmed", "1");  // the page has asked
    waiting = crypto.randomUUID();
    body.set("key", waiting);
    const built = new Request(form.action, { method: "POST", body });
    for (const button of form.querySelectorAll("button")) button.disabled = true;
    note.hidden = false;
    await fetch(form.action, {
      method: "POST", credentials: "same-origin",
      headers: { "Content-Type": built.headers.get("Content-Type"), "X-Action-Key": waiting },
      body: await built.arrayBuffer(),
    });
  }

  const flush = () => {
    const worker = navigator.serviceWorker.controller;
    if (worker) worker.postMessage({ flush: true });
  };

  navigator.serviceWorker.register("/reading-worker.js", { scope: "/reading/" }).then(async () => {
    const ready = await navigator.serviceWorker.ready;
    form.addEventListener("submit", send);
    window.addEventListener("online", () => { for (const ms of [0, 500, 1_500, 4_000]) setTimeout(flush, ms); });
    setInterval(flush, 10_000);
    flush();
    const files = [...document.querySelectorAll("script[src], link[rel=stylesheet]")].map(
      (each) => new URL(each.src || each.href).pathname);
    (navigator.serviceWorker.controller || ready.active).postMessage({ page: location.pathname, files });
  }, () => { /* a browser without workers, or one that is set to have none */ });
})();
