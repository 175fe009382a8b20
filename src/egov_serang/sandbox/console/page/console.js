// The page: who may look, the beat of asking, and what the buttons do.

import { ask, dropToken, hasToken, Refused, setToken, takeToken, tell } from "./api.js";
import { showBoard, showCounts, showMessages } from "./boards.js";
import { find } from "./dom.js";
import { setCity, showComplaints } from "./map.js";
import { showQueues } from "./queue.js";
import { add, failed, forget, showRequests } from "./requests.js";
import { day, say, speak, spoken } from "./words.js";

const BEAT_MS = 1000;
const WAIT_MAX_MS = 8000;
const STATE_EVERY = 5; // beats: what the city's time brings comes without a request
const NEWS_EVERY_MS = 10_000; // a screen reader is told in sums, not row by row
const LANGUAGE = "egov-sandbox-language";

let city = null;
let state = null;
let run = "";
let seq = 0;
let beats = 0;
let lost = 0;
let paused = false;
let timer = null;
let unsaid = { n: 0, failed: 0 };
let saidAt = 0;
let turn = Promise.resolve();

// One thing at a time: two answers at once could show a request twice, or an older state over a newer one.
const inTurn = (work) => (turn = turn.then(work, work));

// ---- asking

const resting = () => paused || document.hidden || !hasToken();

const beat = () => inTurn(async () => {
  clearTimeout(timer);
  if (resting()) return;
  try {
    if (city === null) city = await arrive();
    const changed = await askRequests();
    if (resting()) return;
    if (changed || state === null || beats % STATE_EVERY === 0) await askState();
    beats += 1;
    if (lost > 0) announce(say("back"));
    lost = 0;
  } catch (fault) {
    if (fault instanceof Refused) {
      close(true);
      return;
    }
    lost += 1;
  }
  showConnection();
  timer = setTimeout(beat, lost ? Math.min(BEAT_MS * 2 ** lost, WAIT_MAX_MS) : BEAT_MS);
});

async function arrive() {
  const found = await ask("console/city");
  setCity(found);
  for (const id of ["board", "places", "pause", "connection"]) find(id).hidden = false;
  const hadFocus = find("opening").contains(document.activeElement);
  find("opening").hidden = true;
  if (hadFocus) find("main").focus();
  return found;
}

async function askRequests() {
  const news = await ask(`console/requests?after=${seq}&run=${encodeURIComponent(run)}`);
  const fresh = news.run !== run;
  const first = run === "";
  if (fresh) forget();
  run = news.run;
  seq = news.seq;
  if (!fresh && news.requests.length === 0) return false;
  add(news.requests);
  showRequests(seq);
  if (!first) tellOf(news.requests);
  return true;
}

async function askState() {
  state = await ask("console/state");
  show();
}

function show() {
  if (city === null || state === null) return;
  const { counts } = state;
  find("title").textContent = `${say("title")}: ${city.name}`;
  document.title = `${city.name} · egov-serang sandbox`;
  find("now").textContent = `${day(state.now)} WIB`;
  find("now").dateTime = state.now;
  showCounts(counts);
  showRequests(seq);
  showComplaints(state.complaints, counts.complaints);
  showQueues(city.complaint_columns, state.complaints, counts.complaints);
  showBoard("permit-board", city.permit_columns, state.permits, counts.permits);
  showBoard("civil-board", city.civil_columns, state.civil, counts.civil);
  showMessages(state.messages);
}

// ---- telling

function announce(text) {
  find("news").textContent = text;
  saidAt = Date.now();
}

function tellOf(requests) {
  unsaid = { n: unsaid.n + requests.length, failed: unsaid.failed + requests.filter(failed).length };
  if (unsaid.n === 0 || Date.now() - saidAt < NEWS_EVERY_MS) return;
  announce(say("news", unsaid));
  unsaid = { n: 0, failed: 0 };
}

function showConnection() {
  const word = paused ? "paused" : lost ? "lost" : "live";
  find("connection").dataset.state = word;
  if (find("connection").textContent !== say(word)) {
    find("connection").textContent = say(word);
    if (word === "lost") announce(say(word));
  }
}

function words() {
  for (const one of document.querySelectorAll("[data-word]")) one.textContent = say(one.dataset.word);
  for (const one of document.querySelectorAll("[data-label]")) one.setAttribute("aria-label", say(one.dataset.label));
  for (const one of document.querySelectorAll("[data-language]")) {
    one.setAttribute("aria-pressed", String(one.dataset.language === spoken()));
  }
  showConnection();
  show();
}

// ---- who may look

function close(wrong) {
  dropToken();
  city = state = null;
  run = "";
  seq = 0;
  forget();
  for (const id of ["board", "places", "pause", "connection"]) find(id).hidden = true;
  find("opening").hidden = false;
  find("token").setAttribute("aria-invalid", String(wrong));
  find("token-error").textContent = wrong ? say("wrongToken") : "";
  find("token").focus();
}

find("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  setToken(find("token").value);
  find("token").value = "";
  find("token-error").textContent = "";
  beat();
});

window.addEventListener("hashchange", () => {
  if (takeToken()) beat();
});

// ---- buttons

const act = (path, body, done) => inTurn(async () => {
  try {
    await tell(path, body);
    await askRequests();
    await askState();
    announce(done());
  } catch (fault) {
    if (fault instanceof Refused) close(true);
    else announce(say("failedAction"));
  }
});

for (const button of document.querySelectorAll("[data-advance]")) {
  const seconds = Number(button.dataset.advance);
  button.addEventListener("click", () =>
    act("clock", { advance_s: seconds }, () => say("moved", { now: day(state.now) })));
}

find("reset").addEventListener("click", () => {
  find("confirm").returnValue = "no";
  find("confirm").showModal();
});

find("confirm").addEventListener("close", () => {
  if (find("confirm").returnValue === "yes") act("reset", undefined, () => say("wasReset"));
});

find("pause").addEventListener("click", () => {
  paused = !paused;
  find("pause").setAttribute("aria-pressed", String(paused));
  showConnection();
  beat();
});

for (const button of document.querySelectorAll("[data-language]")) {
  button.addEventListener("click", () => {
    speak(button.dataset.language);
    sessionStorage.setItem(LANGUAGE, spoken());
    words();
  });
}

find("filter").addEventListener("input", () => showRequests(seq));
find("failed").addEventListener("change", () => showRequests(seq));
document.addEventListener("visibilitychange", beat);

// ---- beginning

speak(sessionStorage.getItem(LANGUAGE) ?? spoken());
takeToken();
words();
if (hasToken()) beat();
else close(false);
