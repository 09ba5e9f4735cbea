// The request of the view as code, to paste elsewhere. It shows where a key belongs, but never a key.

import { address, keyed } from "../request.js";

const WRITERS = {
  curl: (url, body, headers) =>
    [`curl -s '${url}'`, ...headers.map((pair) => `-H '${pair.join(": ")}'`), `-d '${JSON.stringify(body)}'`].join(
      " \\\n  ",
    ),
  python: (url, body, headers) => `import json
import urllib.request

bout = ${python(body)}
request = urllib.request.Request(
    ${JSON.stringify(url)},
    data=json.dumps(bout).encode(),
    headers={${headers.map((pair) => pair.map((text) => JSON.stringify(text)).join(": ")).join(", ")}},
)
with urllib.request.urlopen(request) as response:
    answer = json.load(response)
print(answer["backward"])`,
  javascript: (url, body, headers) => `const response = await fetch(${JSON.stringify(url)}, {
  method: "POST",
  headers: { ${headers.map((pair) => pair.map((text) => JSON.stringify(text)).join(": ")).join(", ")} },
  body: JSON.stringify(${JSON.stringify(body)}),
});
const answer = await response.json();
console.log(answer.backward);`,
};

/** Write a body as a Python dict: a flat object of numbers and words has the same form. */
const python = (body) => JSON.stringify(body).replaceAll('":', '": ').replaceAll(',"', ', "');

export const code = (language, path, body) =>
  WRITERS[language](String(address(path)), body, [
    ["content-type", "application/json"],
    ...(keyed() ? [["x-api-key", "YOUR_KEY"]] : []),
  ]);
