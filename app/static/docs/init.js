"use strict";

// A file of its own, so that the page runs under a content security policy of script-src 'self'.
const dark = matchMedia("(prefers-color-scheme: dark)");
const colour = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", colour);
colour();

document.getElementById("service").textContent = new URL("./", location.href).href;

// What the bundle leaves without a name for a screen reader, or out of reach of the keyboard.
const NAMES = {
  "#servers": "Server",
  ".examples-select-element": "Example",
  ".parameters-col_description select": "Value",
  ".body-param textarea": "Request body",
  "textarea, input[type='text']": "Value",
  "input[type='file']": "File to send",
};

function name(root) {
  for (const [selector, words] of Object.entries(NAMES)) {
    for (const place of root.querySelectorAll(selector)) {
      place.ariaLabel ||= place.closest("tr")?.dataset.paramName ?? words;
    }
  }
  for (const example of root.querySelectorAll("pre:not([tabindex])")) example.tabIndex = 0;
}

/** The path of an operation as text: a link inside the button that opens it is no good to a screen reader. */
const plainPaths = ({ React }) => ({
  wrapComponents: {
    DeepLink:
      () =>
      ({ text }) =>
        React.createElement("span", null, text),
  },
});

window.addEventListener("load", () => {
  const root = document.getElementById("swagger-ui");
  new MutationObserver(() => name(root)).observe(root, { childList: true, subtree: true });
  window.SwaggerUIBundle({
    dom_id: "#swagger-ui",
    url: "./openapi.json", // beside the page, whatever path prefix a proxy puts before both
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0, // the schemas stay folded until they are asked for
    defaultModelRendering: "example",
    tryItOutEnabled: true,
    validatorUrl: null, // the default sends the contract to a validator on the internet
    plugins: [plainPaths],
  });
});
