// Complaints by state: whose turn it is, what is due first on top.

import { find, keep, make } from "./dom.js";
import { termBadge } from "./terms.js";
import { open } from "./thread.js";
import { number, queue, say, spoken } from "./words.js";

const CARDS_MAX = 4;

export function showQueues(names, cards, total) {
  const stacks = names.map((name) => ({ key: name, cards: cards.filter((card) => card.queue === name).sort(firstDue) }));
  keep(find("queues"), stacks, spoken(), stack, renewStack);
  find("queues-note").textContent =
    cards.length < total ? say("newestOf", { n: number(cards.length), of: number(total) }) : "";
}

// What has no term comes last, in the order it had.
function firstDue(one, other) {
  if (!one.due_at || !other.due_at) return Boolean(other.due_at) - Boolean(one.due_at);
  return one.due_at < other.due_at ? -1 : Number(one.due_at > other.due_at);
}

const stack = () => make("div", { class: "column" }, make("h3"), make("ul"), make("p", { class: "muted" }));

function renewStack(made, { key, cards }) {
  const [head, list, note] = made.children;
  made.classList.toggle("empty", cards.length === 0);
  head.replaceChildren(queue(key), " ", make("span", { class: "count" }, number(cards.length)));
  keep(list, cards.slice(0, CARDS_MAX), spoken(), queued, renewQueued);
  list.hidden = cards.length === 0;
  note.textContent = cards.length === 0 ? say("none")
    : cards.length > CARDS_MAX ? say("more", { n: number(cards.length - CARDS_MAX) }) : "";
}

function queued(card) {
  const button = make("button", { type: "button", class: "card" });
  button.addEventListener("click", () => open(card.key, button));
  return make("li", {}, button);
}

function renewQueued(item, card) {
  item.firstElementChild.replaceChildren(
    make("strong", {}, card.kind[spoken()]),
    make("span", { class: "muted" }, card.area ? `${card.reference} · ${card.area}` : card.reference),
    ...termBadge(card));
}
