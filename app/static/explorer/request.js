// Sends requests to the service that this page came from, and to no other.

const answers = new Map();
const KEPT = 200;
let key = "";

export const useKey = (value) => {
  key = value;
};
export const keyed = () => key !== "";

/** Return the address of an endpoint, also behind a path prefix. */
export const address = (path) => new URL(path.replace(/^\//, "./"), document.baseURI.replace(/#.*/, ""));

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
    return { status: 0, body: { detail: "The service does not answer. Check the connection and try again." } };
  }
}

/** Return the errors of an answer as a list of `{pointer, code, message}`. */
export function problems({ status, body }) {
  if (status === 200) return [];
  return body.errors?.length ? body.errors : [{ pointer: "", code: String(status), message: body.detail ?? "" }];
}
