// Finds, makes and fills elements. Only text: nothing is read as HTML.

export const at = (id) => document.getElementById(id);

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Set a text only if it changed, so that a screen reader does not read it twice. */
export function say(id, text) {
  if (at(id).textContent !== text) at(id).textContent = text;
}

/** Make a table from a caption, column heads and rows of cells. The first cell is the row's head. */
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

/** Copy a text and show whether that worked. */
export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    announce(`${what} copied.`);
  } catch {
    announce("This browser does not allow copying. Select the text and copy it yourself.");
  }
}

const SHOWN_MS = 3000;
/** An undo is offered for longer: it must be found and reached. */
const UNDO_MS = 20_000;

let announcing;
function announce(text, longest = SHOWN_MS) {
  say("said", text);
  at("said").classList.add("shown");
  clearTimeout(announcing);
  announcing = setTimeout(hush, longest);
}

/** Hide what was announced, but not while its button has the focus. */
function hush() {
  if (at("said").contains(document.activeElement)) {
    announcing = setTimeout(hush, SHOWN_MS);
    return;
  }
  at("said").classList.remove("shown");
  at("said").querySelector("button")?.remove();
}

/** Say what was done, with a button that undoes it. */
export function offerUndo(text, undo) {
  const last = document.activeElement;
  const button = element("button", { type: "button" }, "Undo");
  button.addEventListener("click", () => {
    undo();
    last.focus();
    announce("Undone.");
  });
  announce(text, UNDO_MS);
  at("said").append(" ", button);
}

/** Download a file. */
export function download(name, blob) {
  const address = URL.createObjectURL(blob);
  element("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
