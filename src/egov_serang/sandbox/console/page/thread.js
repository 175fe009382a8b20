// One complaint: what is known of it, and what happened to it, step by step.

import { ask } from "./api.js";
import { find, keep, make } from "./dom.js";
import { termBadge } from "./terms.js";
import { action, code, day, number, say, spoken } from "./words.js";

let cards = [];
let shown = null;
let asked = 0;

export function known(complaints) {
  cards = complaints;
  if (find("details").open && shown !== null) show();
}

export function open(key, from) {
  if (!cards.some((one) => one.key === key)) return;
  shown = key;
  find("details-thread").replaceChildren();
  show();
  const dialog = find("details");
  dialog.addEventListener("close", () => {
    shown = null;
    // What was pressed may have moved to another queue meanwhile.
    (from.isConnected ? from : find("complaint-list").querySelector(`[data-key="${key}"] button`) ?? find("main")).focus();
  }, { once: true });
  dialog.showModal();
}

function show() {
  const card = cards.find((one) => one.key === shown);
  if (!card) return; // forgotten: the city began anew
  const badge = termBadge(card);
  const facts = [
    ["kind", card.kind[spoken()]], ["status", code(card.status)], ["asked", day(card.requested_at)],
    ["place", card.area ?? (card.at ? "–" : say("nowhere"))],
    ["dueStage", ...(badge.length ? [`${code(card.stage)} `, ...badge] : ["–"])], ["files", number(card.files)],
  ];
  find("details-title").textContent = card.reference;
  find("details-list").replaceChildren(
    ...facts.flatMap(([word, ...told]) => [make("dt", {}, say(word)), make("dd", {}, ...told)]));
  follow(card.key);
}

async function follow(key) {
  const turn = (asked += 1);
  let steps;
  try {
    ({ steps } = await ask(`console/complaints/${encodeURIComponent(key)}`));
  } catch {
    steps = null;
  }
  if (turn !== asked || key !== shown) return; // another was opened, or asked again, meanwhile
  keep(find("details-thread"), steps ?? [], spoken(), () => make("li"), renewStep);
  find("details-thread").hidden = steps === null;
  find("thread-note").textContent = say(steps === null ? "threadLost" : "threadNote");
}

function renewStep(item, one) {
  const many = one.files ? say("withFiles", { n: number(one.files) }) : "";
  const seen = one.visibility === "public" ? "" : code(one.visibility);
  const extra = [many, seen].filter(Boolean).join(" · ");
  item.replaceChildren(
    make("time", { datetime: one.at, class: "muted" }, day(one.at)),
    make("span", {}, make("strong", {}, code(one.role)), `: ${done(one)}`),
    ...(extra ? [make("span", { class: "muted" }, extra)] : []));
}

function done(one) {
  if (!one.status) return say("comment");
  return one.action ? `${action(one.action)} → ${code(one.status)}` : code(one.status);
}
