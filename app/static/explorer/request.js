// Sends requests to the service that this page came from, and to no other.

const answers = new Map();
const KEPT = 200;
const UNREACHED = "The service does not answer. Check the connection and try again.";
let key = "";

export const useKey = (value) => {
  key = value;
};
export const keyed = () => key !== "";

/** Return the address of an endpoint, also behind a path prefix. */
export const address = (path) => new URL(path.replace(/^\//, "./"), document.baseURI.replace(/#.*/, ""));

/** Pages that need no key. */
const OPEN = ["", "docs", "openapi.json", "llms.txt", "messages"];
const LOOK_MS = 50;

/** Open links to pages that need a key with the key of this page, each in a new tab. A browser itself sends none. */
export function openWithKey(page) {
  page.documentElement.dataset.links = "with key";
  page.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]");
    if (!key || !link) return;
    const home = address("/").href;
    const [path] = link.href.slice(home.length).split("#");
    if (!link.href.startsWith(home) || OPEN.includes(path)) return;
    event.preventDefault();
    showPage(link.href, open("about:blank", "_blank"));
  });
}

/** Show a page that needs a key in a tab. The tab was opened before, because a browser allows that only in a click. */
async function showPage(from, tab) {
  let content;
  try {
    const response = await fetch(from, { headers: { accept: "text/html, */*;q=0.5", "x-api-key": key } });
    content = await response.blob();
  } catch {
    content = new Blob([UNREACHED], { type: "text/plain" });
  }
  if (content.type.startsWith("text/html")) {
    const page = new DOMParser().parseFromString(await content.text(), "text/html");
    // A copy has another address, so its links must not be relative.
    for (const name of ["href", "src"])
      for (const node of page.querySelectorAll(`[${name}]:not([href^="#"])`))
        node.setAttribute(name, new URL(node.getAttribute(name), from).href);
    content = new Blob([`<!doctype html>${page.documentElement.outerHTML}`], { type: content.type });
  }
  const copy = URL.createObjectURL(content) + new URL(from).hash;
  tab.location.replace(copy);
  const looking = setInterval(() => {
    if (!tab.closed && (tab.location.href !== copy || tab.document.readyState !== "complete")) return;
    clearInterval(looking);
    if (!tab.closed) openWithKey(tab.document);
  }, LOOK_MS);
}

/** Make a channel with one request at a time: a newer one cancels the older. Returns `{status, body}`, or null if cancelled. */
export function channel() {
  let current;
  return async (path, body) => {
    current?.abort();
    const mine = (current = new AbortController());
    const name = typeof body === "string" ? `${path} ${body}` : null;
    if (name && answers.has(name)) return answers.get(name);
    const answer = await ask(path, body, mine.signal);
    if (mine.signal.aborted) return null;
    if (name && answer.status === 200) {
      answers.set(name, answer);
      if (answers.size > KEPT) answers.delete(answers.keys().next().value);
    }
    return answer;
  };
}

export async function ask(path, body, signal) {
  const headers = { accept: "application/json" };
  if (typeof body === "string") headers["content-type"] = "application/json";
  if (body instanceof Blob) headers["content-type"] = body.type;
  if (key) headers["x-api-key"] = key;
  try {
    const response = await fetch(address(path), { method: body === undefined ? "GET" : "POST", headers, body, signal });
    return { status: response.status, body: await response.json() };
  } catch {
    return { status: 0, body: { detail: UNREACHED } };
  }
}

/** Return the errors of an answer as a list of `{pointer, code, message}`. */
export function problems({ status, body }) {
  if (status === 200) return [];
  return body.errors?.length ? body.errors : [{ pointer: "", code: String(status), message: body.detail ?? "" }];
}
