// The very request of the view, to paste elsewhere.

import { address } from "./request.js";

const WRITERS = {
  curl: (url, body) => `curl -s '${url}' \\\n  -H 'content-type: application/json' \\\n  -d '${JSON.stringify(body)}'`,
  python: (url, body) => `import json
import urllib.request

bout = ${python(body)}
request = urllib.request.Request(
    ${JSON.stringify(url)},
    data=json.dumps(bout).encode(),
    headers={"content-type": "application/json"},
)
with urllib.request.urlopen(request) as response:
    answer = json.load(response)
print(answer["backward"])`,
  javascript: (url, body) => `const response = await fetch(${JSON.stringify(url)}, {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify(${JSON.stringify(body)}),
});
const answer = await response.json();
console.log(answer.backward);`,
};

/** A flat object of numbers and words reads the same in Python. */
const python = (body) => JSON.stringify(body).replaceAll('":', '": ').replaceAll(',"', ', "');

export const code = (language, path, body) => WRITERS[language](String(address(path)), body);
