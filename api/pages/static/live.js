// Keeps a page current: updates figures each second, and regions of the page on change events. The
// server renders; this only replaces regions by their newly rendered HTML. Without JavaScript the
// page stays as it was when opened.
"use strict";

(() => {
  const announce = document.getElementById("announce");
  const badge = document.querySelector("[data-live-state]");
  const regions = () => [...document.querySelectorAll("[data-live]")];
  const figures = document.querySelectorAll("[data-figure]");
  if (!regions().length && !figures.length) return;

  let source = null;
  let pending = null;
  let asked = new Set();
  let busy = false;

  function state(name) {
    if (!badge || badge.dataset.state === name) return;
    badge.dataset.state = name;
    badge.querySelector("span:last-child").textContent = badge.dataset[name];
  }

  function show(values) {
    for (const place of document.querySelectorAll("[data-figure]")) {
      const value = values[place.dataset.figure];
      if (value !== undefined && place.textContent !== value) place.textContent = value;
    }
  }

  function wants(region, whats) {
    return whats.has("*") || region.dataset.live.split(" ").some((wish) =>
      [...whats].some((what) => what === wish || what.startsWith(wish + ".")));
  }

  function replace(region, fresh) {
    if (region.innerHTML === fresh.innerHTML) return false;
    const focused = region.contains(document.activeElement) ? document.activeElement : null;
    if (focused && focused.matches("input, textarea, select")) return false;
    const address = focused && (focused.getAttribute("href") || focused.id);
    const known = new Set([...region.querySelectorAll("li, tr")].map((each) => each.id).filter(Boolean));
    region.innerHTML = fresh.innerHTML;
    for (const each of region.querySelectorAll("li[id], tr[id]")) {
      if (!known.has(each.id)) each.classList.add("fresh");
    }
    if (address) {
      const again = [...region.querySelectorAll("a, button")].find(
        (each) => each.getAttribute("href") === address || each.id === address);
      if (again) again.focus();
    }
    return true;
  }

  async function refresh() {
    pending = null;
    if (busy) { plan(); return; }
    const whats = asked;
    asked = new Set();
    const wanted = regions().filter((region) => wants(region, whats));
    if (!wanted.length) return;
    busy = true;
    try {
      const answer = await fetch(location.href, { headers: { "X-Live": "1" }, credentials: "same-origin" });
      if (answer.redirected && new URL(answer.url).pathname === "/login") { location.reload(); return; }
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      const announced = [];
      for (const region of wanted) {
        const other = fresh.getElementById(region.id);
        if (other && replace(region, other) && region.dataset.announce && !whats.has("*")) {
          announced.push(region.dataset.announce);
          const ringing = region.querySelector("li.fresh a[data-open]");  // an incoming call
          if (ringing) { location.assign(ringing.href); return; }
        }
      }
      if (announced.length && announce) announce.textContent = announced.join(" ");
    } catch {
      state("off");
    } finally {
      busy = false;
    }
  }

  function plan() {
    if (pending === null) pending = setTimeout(refresh, 250);
  }

  function ask(what) {
    asked.add(what);
    plan();
  }

  function open() {
    if (source) return;
    source = new EventSource(document.body.dataset.liveUrl);
    source.addEventListener("figures", (event) => { state("on"); show(JSON.parse(event.data)); });
    source.addEventListener("change", (event) => {
      state("on");
      const whats = JSON.parse(event.data);
      for (const what of whats) ask(what);
      document.dispatchEvent(new CustomEvent("tachowatt:change", { detail: whats }));
    });
    source.addEventListener("bye", () => { close(); location.reload(); });
    source.onerror = () => state("off");
  }

  function close() {
    if (source) source.close();
    source = null;
  }

  // A hidden page closes its connection; when shown again it refreshes, as it may have missed changes.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { close(); } else { open(); ask("*"); }
  });
  window.addEventListener("pagehide", close);
  setInterval(() => { if (!document.hidden) ask("*"); }, 60_000);  // "in 5 minutes" becomes 4
  open();
})();
