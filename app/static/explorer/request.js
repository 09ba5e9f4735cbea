// Asks the service this page came from; nothing else is ever asked.

const answers = new Map();
const KEPT = 200;
let key = "";

export const useKey = (value) => {
  key = value;
};
export const keyed = () => key !== "";

/** The address of an endpoint, wherever the service is mounted. */
export const address = (path) => new URL(path.replace(/^\//, "./"), document.baseURI.replace(/#.*/, ""));

/** Ask one thing at a time in a channel: a newer question drops the older. Returns `{status, body}`, or null if dropped. */
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
    return { status: 0, body: { detail: "The service does not answer. Check the connection and try again." } };
  }
}

/** What is wrong, as a list of `{pointer, code, message}`. */
export function problems({ status, body }) {
  if (status === 200) return [];
  return body.errors?.length ? body.errors : [{ pointer: "", code: String(status), message: body.detail ?? "" }];
}
