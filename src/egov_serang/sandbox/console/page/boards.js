// Applications on their boards, the message log, the counts.

import { find, keep, make } from "./dom.js";
import { code, column, day, number, say, spoken } from "./words.js";

const COUNTS = ["complaints", "permits", "civil", "messages", "requests"];
const MESSAGE_HEADS = ["time", "template", "channel", "recipient", "status"];
const CARDS_MAX = 8;
const FAILED = /^(failed|expired|rejected|suppressed)/;

export function showCounts(counts) {
  find("counts").replaceChildren(...COUNTS.map((word) =>
    make("div", {}, make("dt", {}, say(word)), make("dd", {}, number(counts[word])))));
}

export function showBoard(id, columns, cards, total) {
  const board = find(id);
  const stacks = columns.map((name) => ({ key: name, cards: cards.filter((card) => card.column === name) }));
  keep(board, stacks, spoken(), () => make("div", { class: "column" }), renewColumn);
  find(`${id}-note`).textContent =
    cards.length < total ? say("newestOf", { n: number(cards.length), of: number(total) }) : "";
}

function renewColumn(stack, { key, cards }) {
  stack.classList.toggle("empty", cards.length === 0);
  stack.replaceChildren(
    make("h3", {}, column(key), " ", make("span", { class: "count" }, number(cards.length))),
    cards.length ? make("ul", {}, ...cards.slice(0, CARDS_MAX).map(card)) : make("p", { class: "none" }, say("none")),
    cards.length > CARDS_MAX ? make("p", { class: "muted" }, say("more", { n: number(cards.length - CARDS_MAX) })) : "");
}

function card(one) {
  return make("li", { class: "card" },
    make("strong", {}, one.kind[spoken()]),
    make("span", { class: "muted" }, one.reference),
    make("span", {}, code(standing(one))),
    one.waiting_on === "none" ? null : make("span", {}, say("waitingOn", { who: code(one.waiting_on) })),
    one.due_at ? make("span", { class: one.late ? "late" : "" }, say(one.late ? "late" : "due", { at: day(one.due_at) })) : null,
    one.clock === "paused" ? make("span", {}, say("clockIs", { state: code(one.clock) })) : null);
}

// What is open is told by its stage, what is decided by its outcome.
const standing = (one) => (one.status === "undetermined" ? one.stage : one.outcome ?? one.status);

export function showMessages(messages) {
  find("message-heads").replaceChildren(
    ...MESSAGE_HEADS.map((word) => make("th", { scope: "col", role: "columnheader" }, say(word))));
  keep(find("message-rows"), messages, spoken(), () => make("tr", { role: "row" }), renewMessage);
  find("messages-none").hidden = messages.length > 0;
}

function renewMessage(row, one) {
  const bad = FAILED.test(one.status);
  const done = one.status === "delivered";
  row.replaceChildren(
    cell("time", make("time", { datetime: one.at }, day(one.at))),
    cell("template", make("code", {}, one.template)),
    cell("channel", code(one.channel)),
    cell("recipient", one.recipient.split(" ").map((part, place) => (place ? part : code(part))).join(" ")),
    cell("status", make("span", { class: `badge ${bad ? "bad" : done ? "good" : "plain"}` },
      make("span", { "aria-hidden": "true" }, bad ? "✕" : done ? "✓" : "…"), ` ${code(one.status)}`),
      one.reason ? make("span", { class: "muted" }, code(one.reason)) : null));
}

const cell = (name, ...children) => make("td", { role: "cell", class: name }, ...children);
