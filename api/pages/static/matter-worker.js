// Keeps what is sent from a page while there is no connection, and sends it again, in order, until it
// is answered. Each action has a key, so that the server does it once. Customers (scope /matter/) send
// with a link, agents (scope /cases/) with a session: what an agent wrote waits until the same agent
// is signed in, and goes with the token of that session. The page that a customer had open last and
// its files are kept too, so that it opens without a connection; of an agent's pages none is kept.
"use strict";

// The same file serves cases, customers' matters and readings, each with what it keeps.
const SCOPE = new URL(self.registration.scope).pathname;
const OF_AGENTS = SCOPE === "/cases/";
const SHELL = SCOPE === "/reading/" ? "reading-1" : "matter-1";
const NAME = { "/cases/": "case-actions", "/reading/": "reading-actions" }[SCOPE] || "matter-actions";

function opened() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore("actions", { keyPath: "id", autoIncrement: true });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function inStore(mode, use) {
  const base = await opened();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = base.transaction("actions", mode);
      const request = use(transaction.objectStore("actions"));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = () => reject(transaction.error);
    });
  } finally {
    base.close();
  }
}

const all = () => inStore("readonly", (store) => store.getAll());
const put = (action) => inStore("readwrite", (store) => store.put(action));
const remove = (id) => inStore("readwrite", (store) => store.delete(id));

async function tell(message) {
  for (const client of await self.clients.matchAll({ includeUncontrolled: true })) client.postMessage(message);
}

let sending = null;
let again = false;
let signedIn = null;  // {who, csrf} of the agent whose page was open last

// Sends what waits, the oldest first. Stops where there is no answer: order counts. Who asks while it
// sends is not content with that attempt: it may have begun before the connection came back.
function flush() {
  again = true;
  sending ??= rounds();
  return sending;
}

async function rounds() {
  try {
    while (again) {
      again = false;
      await send();
    }
  } finally {
    sending = null;
  }
}

function body(action) {
  if (!OF_AGENTS) return action.body;
  const fields = new URLSearchParams(new TextDecoder().decode(action.body));
  fields.set("csrf", signedIn.csrf);
  return fields.toString();
}

async function send() {
  for (const action of await all()) {
    if (action.refused) continue;  // it stays here, and is not sent again
    if (OF_AGENTS && (!signedIn || action.who !== signedIn.who)) continue;  // of somebody else
    let answer;
    try {
      answer = await fetch(action.url, {
        method: "POST", credentials: "same-origin", redirect: "manual",
        headers: { "Content-Type": action.type, Accept: "application/json" }, body: body(action),
      });
    } catch {
      return;
    }
    if (answer.status >= 500 || answer.status === 429) return;
    if (OF_AGENTS && (answer.type === "opaqueredirect" || answer.status === 403)) {
      signedIn = null;  // the session is over: the next page of this agent brings another
      return;
    }
    let said = {};
    try { said = await answer.json(); } catch { /* no answer of ours */ }
    if (answer.ok) await remove(action.id);
    else await put({ ...action, refused: true });
    await tell({ key: action.key, result: said.result || "refused", notice: said.notice });
  }
  await tell({ waiting: 0 });
}

async function keep(request) {
  await put({
    key: request.headers.get("X-Action-Key"), url: request.url,
    who: request.headers.get("X-Action-Who"),
    type: request.headers.get("Content-Type"), body: await request.arrayBuffer(),
  });
  flush();
  return new Response(JSON.stringify({ kept: true }), { status: 202, headers: { "Content-Type": "application/json" } });
}

async function shown(request) {
  const cache = await caches.open(SHELL);
  try {
    const answer = await fetch(request);
    if (answer.ok && !request.url.includes("?t=")) await cache.put(request, answer.clone());
    if (answer.status === 404 || answer.status === 410) await cache.delete(request, { ignoreSearch: true });
    return answer;
  } catch (error) {
    const kept = await cache.match(request, { ignoreSearch: true, ignoreVary: true });
    if (kept) return kept;
    throw error;
  }
}

// The page that is open, and its files, for a time without a connection.
async function kept({ page, files }) {
  const cache = await caches.open(SHELL);
  for (const path of [page, ...files]) {
    try { await cache.add(new Request(path, { credentials: "same-origin" })); } catch { /* later */ }
  }
  await tell({ stored: page });
}

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("message", (event) => {
  if (event.data.signedIn) signedIn = event.data.signedIn;
  if (event.data.flush) event.waitUntil(flush());
  if (event.data.page && !OF_AGENTS) event.waitUntil(kept(event.data));
});
self.addEventListener("sync", (event) => event.waitUntil(flush()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const path = new URL(request.url).pathname;
  if (request.method === "POST" && request.headers.has("X-Action-Key")) event.respondWith(keep(request));
  else if (!OF_AGENTS && request.method === "GET" && (request.mode === "navigate" || path.startsWith("/static/"))) event.respondWith(shown(request));
});
