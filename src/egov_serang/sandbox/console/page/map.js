// Complaints on our own map, and the same complaints as a list beside it.

import { draw, find, keep, make } from "./dom.js";
import { TERMS, termBadge, termRing, termText } from "./terms.js";
import { known, open } from "./thread.js";
import { code, number, say, spoken } from "./words.js";

const MARKS = { new: "!", work: "…", done: "✓", ended: "×" };
const LABEL_LIFT = 46; // over the markers that stand in the middle of a district

let city = null;
let cards = [];
let current = null;

export function setCity(found) {
  city = found;
}

export function showComplaints(complaints, total) {
  cards = complaints;
  find("complaints-none").hidden = cards.length > 0;
  find("complaint-list-title").textContent = cards.length < total
    ? say("newestOf", { n: number(cards.length), of: number(total) }) : say("complaintList");
  keep(find("complaint-list"), cards, spoken(), listed, renewListed);
  find("map-note").textContent = say(city.map ? "mapNote" : "noMap");
  find("legend").replaceChildren(
    ...Object.keys(MARKS).map((mark) => make("li", {}, sample(...shape(mark)), code(mark))),
    ...TERMS.filter((term) => termRing(term).length).map((term) => make("li", {}, sample(...termRing(term)), say(`${term}Ring`))));
  if (city.map) showMap();
  known(cards);
}

function showMap() {
  const placed = cards.filter((card) => card.at);
  let svg = find("map").querySelector("svg");
  if (!svg) {
    svg = drawn();
    find("map").append(svg);
  }
  svg.setAttribute("aria-label", say("mapLabel", { city: city.name, n: placed.length }));
  const layer = svg.querySelector(".markers");
  keep(layer, placed, spoken(), marker, renewMarker);
  if (!placed.some((card) => card.key === current)) current = placed[0]?.key ?? null;
  for (const one of layer.children) one.setAttribute("tabindex", one.dataset.key === current ? "0" : "-1");
}

function drawn() {
  const { height, districts, sea } = city.map;
  const joined = (outline) => outline.map((point) => point.join(",")).join(" ");
  const base = draw("g", { "aria-hidden": "true" },
    draw("polygon", { class: "sea", points: joined(sea) }),
    ...districts.map((district) => draw("polygon", { class: "district", points: joined(district.outline) })),
    ...districts.map((district) =>
      draw("text", { class: "name", x: district.centre[0], y: district.centre[1] - LABEL_LIFT }, district.name)));
  const layer = draw("g", { class: "markers" });
  layer.addEventListener("keydown", travel);
  return draw("svg", { viewBox: `0 0 640 ${height}`, role: "group" }, base, layer);
}

function marker(card) {
  const made = draw("g", { role: "button", tabindex: "-1", class: "marker" });
  made.addEventListener("click", () => {
    current = card.key;
    open(card.key, made);
  });
  return made;
}

function renewMarker(made, card) {
  made.setAttribute("transform", `translate(${card.at[0]} ${card.at[1]})`);
  made.setAttribute("aria-label", [card.reference, card.kind[spoken()], code(card.status), termText(card)].filter(Boolean).join(", "));
  made.replaceChildren(
    draw("circle", { class: "reach", r: 30 }),
    ...termRing(card.term),
    ...shape(card.mark));
}

const sample = (...shapes) => draw("svg", { viewBox: "-31 -31 62 62", "aria-hidden": "true", focusable: "false" }, ...shapes);

function shape(mark) {
  const outline = {
    new: draw("circle", { r: 21 }),
    work: draw("rect", { x: -20, y: -20, width: 40, height: 40, rx: 5 }),
    done: draw("polygon", { points: "0,-26 26,0 0,26 -26,0" }),
    ended: draw("polygon", { points: "-10,-23 10,-23 23,-10 23,10 10,23 -10,23 -23,10 -23,-10" }),
  }[mark];
  outline.setAttribute("class", `mark ${mark}`);
  return [outline, draw("text", { class: "sign", "aria-hidden": "true" }, MARKS[mark])];
}

function travel(event) {
  const markers = [...event.currentTarget.children];
  const at = markers.indexOf(document.activeElement);
  if (at < 0) return;
  if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    open(markers[at].dataset.key, markers[at]);
    return;
  }
  const step = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: markers.length - 1 }[event.key];
  if (step === undefined) return;
  event.preventDefault();
  const next = markers[(step + markers.length) % markers.length];
  current = next.dataset.key;
  for (const one of markers) one.setAttribute("tabindex", one === next ? "0" : "-1");
  next.focus();
}

function listed(card) {
  const button = make("button", { type: "button", class: "complaint" });
  button.addEventListener("click", () => open(card.key, button));
  return make("li", {}, button);
}

function renewListed(item, card) {
  item.firstElementChild.replaceChildren(
    sample(...shape(card.mark)),
    make("span", {},
      make("strong", {}, card.kind[spoken()]), " ",
      make("span", { class: "muted" }, card.reference), make("br"),
      code(card.status), card.area ? ` · ${card.area}` : "", " ", ...termBadge(card)));
}
