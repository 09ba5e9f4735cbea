// Elements by name, made and filled. Text alone: nothing is read as HTML.

export const at = (id) => document.getElementById(id);

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Fill only when it says something new, so that a screen reader is not told twice. */
export function say(id, text) {
  if (at(id).textContent !== text) at(id).textContent = text;
}

/** A table: caption, heads, and rows of cells of which the first is the row's head. */
export function table(caption, heads, rows) {
  return element(
    "table",
    {},
    element("caption", { class: "unseen" }, caption),
    element("thead", {}, element("tr", {}, ...heads.map((head) => element("th", { scope: "col" }, head)))),
    element(
      "tbody",
      {},
      ...rows.map(([head, ...cells]) =>
        element("tr", {}, element("th", { scope: "row" }, head), ...cells.map((cell) => element("td", {}, cell))),
      ),
    ),
  );
}

/** Copy a text, and say whether it was. */
export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    tell(`${what} copied.`);
  } catch {
    tell("Copying is not allowed here: mark the text and copy it yourself.");
  }
}

let telling;
function tell(text) {
  say("said", text);
  at("said").classList.add("shown");
  clearTimeout(telling);
  telling = setTimeout(() => at("said").classList.remove("shown"), 3000);
}

/** Give a file to the reader. */
export function download(name, blob) {
  const address = URL.createObjectURL(blob);
  element("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
