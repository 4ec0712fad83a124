// A client in TypeScript, as a customer would write it: openapi-fetch over generated types, --strict.
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

const baseUrl = process.env.API!;
const as = (key: string) =>
  createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${key}` } });
const insurer = as(process.env.INSURER!);
const utility = as(process.env.UTILITY!);
const agent = as(process.env.AGENT!);

const check = (holds: boolean, what: string) => {
  if (!holds) throw new Error(what);
};

const scores = await insurer.GET("/v1/driving-scores", {});
check(scores.data!.data.length > 0, "scores");
const band: components["schemas"]["ScoreBand"] | null = scores.data!.data[0]!.band;
check(band === null || "ABCDE".includes(band), "band");

const ids = new Set<string>();
let after: string | undefined = undefined;
for (;;) {
  const query: { limit: number; after?: string } = after === undefined ? { limit: 1 } : { limit: 1, after };
  const page = await utility.GET("/v1/alerts", { params: { query } });
  for (const alert of page.data!.data) {
    check(!ids.has(alert.id), "an alert came twice");
    ids.add(alert.id);
  }
  if (!page.data!.pagination.has_next_page) break;
  after = page.data!.pagination.end_cursor ?? undefined;
}
check(ids.size > 0, "alerts");

const alert_id = [...ids][0]!;
const path = { alert_id };
const read = await utility.GET("/v1/alerts/{alert_id}", { params: { path } });
const etag = read.response.headers.get("etag")!;
const cached = await utility.GET("/v1/alerts/{alert_id}", {
  params: { path, header: { "If-None-Match": etag, "X-Reason": "test of clients" } },
});
check(cached.response.status === 304, "304");
const weak = await utility.POST("/v1/alerts/{alert_id}/acknowledge", {
  params: { path, header: { "If-Match": `W/${etag}` } },
});
check(weak.response.status === 412 && weak.error!.code === "weak_etag", "412");
const done = await utility.POST("/v1/alerts/{alert_id}/acknowledge", {
  params: { path, header: { "If-Match": etag } },
});
check(done.data!.state === "acknowledged", "acknowledged");

const case_id = process.env.CASE!;
const header = { "Idempotency-Key": "typescript-1", "X-Reason": "test of clients" };
for (const replayed of [null, "true"]) {
  const note = await agent.POST("/v1/cases/{case_id}/notes", {
    params: { path: { case_id }, header },
    body: { text: "from TypeScript" },
  });
  check(note.response.status === 201, "note");
  check(note.response.headers.get("idempotency-replayed") === replayed, "replayed");
}
const without = await agent.POST("/v1/cases/{case_id}/notes", {
  // @ts-expect-error The compiler knows that the Idempotency-Key is required.
  params: { path: { case_id } },
  body: { text: "without a key" },
});
check(without.error?.code === "idempotency_key_missing", "400");

const change: components["schemas"]["AlertChange"]["what"] = "raised";
check(change === "raised", "the data of the stream have a type");
const missing = await agent.GET("/v1/cases/{case_id}", { params: { path: { case_id: "none" } } });
check(missing.error!.title === "Not found, or not visible to this key", "404");
console.log("ok");
