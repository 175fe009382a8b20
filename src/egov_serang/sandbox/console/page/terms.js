// How the term of a complaint stands: in words, with a sign, and only then by a colour.

import { draw, make } from "./dom.js";
import { day, say } from "./words.js";

const SIGNS = { fine: "✓", soon: "!", late: "✕" };
const BADGES = { fine: "good", soon: "note", late: "bad" };

export const TERMS = Object.keys(SIGNS);

export const termText = (card) => (card.term ? say(card.term, { at: day(card.due_at) }) : "");

export const termBadge = (card) => (card.term ? [make("span", { class: `badge term ${BADGES[card.term]}` },
  make("span", { "aria-hidden": "true" }, SIGNS[card.term]), ` ${termText(card)}`)] : []);

// Around a marker: a full ring, a broken one, none.
export const termRing = (term) => (term === "late" || term === "soon" ? [draw("circle", { class: `ring ${term}`, r: 28 })] : []);
