// Asking the sandbox, with its token. The token comes in the fragment of the address, which is sent to nobody.

const KEY = "egov-sandbox-token";
const PATIENCE_MS = 10_000;

export class Refused extends Error {}

export function takeToken() {
  const found = /^#token=(.+)$/.exec(location.hash);
  if (!found) return false;
  setToken(decodeURIComponent(found[1]));
  history.replaceState(null, "", location.pathname);
  return true;
}

export const hasToken = () => sessionStorage.getItem(KEY) !== null;
export const setToken = (token) => sessionStorage.setItem(KEY, token.trim());
export const dropToken = () => sessionStorage.removeItem(KEY);

export const ask = async (path) => (await send("GET", path)).json();
export const tell = (path, body) => send("POST", path, body);

async function send(method, path, body) {
  const headers = { authorization: `Bearer ${sessionStorage.getItem(KEY) ?? ""}` };
  if (body !== undefined) headers["content-type"] = "application/json";
  const answer = await fetch(`/__sandbox/${path}`, {
    method, headers, body: body === undefined ? undefined : JSON.stringify(body),
    cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS),
  });
  if (answer.status === 401 || answer.status === 403) throw new Refused();
  if (!answer.ok) throw new Error(String(answer.status));
  return answer;
}
