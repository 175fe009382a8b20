// The requests as they happen: kept, filtered, shown newest first.

import { find, keep, make } from "./dom.js";
import { clockTime, code, number, say, spoken } from "./words.js";

const KEPT_MAX = 2000;
const SHOWN_MAX = 200;
const FAILED_FROM = 400;
const HEADS = ["time", "request", "status", "attempt", "signature", "client", "duration"];

let kept = [];

export const failed = (one) => one.status >= FAILED_FROM || one.cut || one.signature === "refused";

export function forget() {
  kept = [];
}

export function add(news) {
  kept = [...news.map((one) => ({ ...one, key: String(one.seq) })), ...kept].slice(0, KEPT_MAX);
}

export function showRequests(total) {
  const text = find("filter").value.trim().toLowerCase();
  const onlyFailed = find("failed").checked;
  const wanted = kept.filter((one) => (!onlyFailed || failed(one)) && (text === "" || line(one).includes(text)));
  const shown = wanted.slice(0, SHOWN_MAX);
  find("request-heads").replaceChildren(
    ...HEADS.map((word) => make("th", { scope: "col", role: "columnheader" }, say(word))));
  keep(find("request-rows"), shown, spoken(), () => make("tr", { role: "row", class: "fresh" }), renew);
  find("requests-none").hidden = shown.length > 0;
  find("shown").textContent = say("shownOf", { n: number(shown.length), of: number(total) });
}

const line = (one) =>
  [one.method, one.route, one.operation, one.status, one.signature, code(one.signature), one.client_id,
    one.replayed ? say("replayed") : "", one.cut ? say("cut") : ""].join(" ").toLowerCase();

function renew(row, one) {
  row.classList.toggle("failed", failed(one));
  row.replaceChildren(
    cell("time", make("time", { datetime: one.at }, clockTime(one.at))),
    cell("request", make("span", { class: "method" }, one.method), " ", route(one.route),
      make("span", { class: "operation" }, one.operation ?? "")),
    cell("status", one.cut ? badge("bad", "✕", say("cut")) : status(one.status),
      one.replayed ? badge("note", "↺", say("replayed")) : null),
    cell("attempt", make("span", { class: one.attempt > 1 ? "again" : "first" },
      make("span", { class: "phone-word" }, say("attemptN", { n: one.attempt })),
      make("span", { class: "wide-word", "aria-hidden": "true" }, String(one.attempt)))),
    cell("signature", signature(one.signature)),
    cell("client", one.client_id ?? "–"),
    cell("ms", number(Math.round(one.ms))),
  );
}

// A long route may be broken after a slash, and nowhere else.
function route(template) {
  const parts = (template ?? say("noRoute")).split(/(?<=\/)/);
  return make("code", {}, ...parts.flatMap((part) => [part, make("wbr")]));
}

const cell = (name, ...children) => make("td", { role: "cell", class: name }, ...children);

const badge = (kind, sign, text) =>
  make("span", { class: `badge ${kind}` }, make("span", { "aria-hidden": "true" }, sign), ` ${text}`);

const status = (value) => badge(value >= FAILED_FROM ? "bad" : "good", value >= FAILED_FROM ? "✕" : "✓", String(value));

function signature(verdict) {
  const [kind, sign] = { valid: ["good", "✓"], refused: ["bad", "✕"] }[verdict] ?? ["plain", "–"];
  return badge(kind, sign, code(verdict));
}
