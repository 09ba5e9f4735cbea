"use strict";

// In a separate file, because the content security policy allows scripts from 'self' only.
const dark = matchMedia("(prefers-color-scheme: dark)");
const colour = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", colour);
colour();

document.getElementById("service").textContent = new URL("./", location.href).href;

// Names for screen readers, which the bundle does not give to these elements.
const NAMES = {
  "#servers": "Server",
  ".examples-select-element": "Example",
  ".parameters-col_description select": "Value",
  ".body-param textarea": "Request body",
  "textarea, input[type='text']": "Value",
  "input[type='file']": "File to send",
};

function nameFields(root) {
  for (const [selector, words] of Object.entries(NAMES)) {
    for (const place of root.querySelectorAll(selector)) {
      place.ariaLabel ||= place.closest("tr")?.dataset.paramName ?? words;
    }
  }
  for (const example of root.querySelectorAll("pre:not([tabindex])")) example.tabIndex = 0;
}

/** Show the path of an operation as text: a screen reader cannot use a link inside the button that opens it. */
const plainPaths = ({ React }) => ({
  wrapComponents: {
    DeepLink:
      () =>
      ({ text }) =>
        React.createElement("span", null, text),
  },
});

/** Show a lock at each operation that needs a key of this service, and at no other. The page lists their paths. */
const locks = (locked) => ({
  statePlugins: {
    spec: {
      wrapActions: {
        updateSpec: (update) => (text) => {
          const contract = JSON.parse(text);
          delete contract.security;
          if (!locked.length) delete contract.components.securitySchemes;
          for (const path of locked)
            for (const operation of Object.values(contract.paths[path] ?? {})) operation.security = [{ key: [] }];
          return update(JSON.stringify(contract));
        },
      },
    },
  },
});

window.addEventListener("load", () => {
  const root = document.getElementById("swagger-ui");
  new MutationObserver(() => nameFields(root)).observe(root, { childList: true, subtree: true });
  window.SwaggerUIBundle({
    dom_id: "#swagger-ui",
    url: "./openapi.json", // relative, so that it works behind a proxy with a path prefix
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0, // the schemas stay folded until the reader opens them
    defaultModelRendering: "example",
    tryItOutEnabled: true,
    validatorUrl: null, // the default sends the API description to a validator on the internet
    plugins: [plainPaths, locks(root.dataset.locked.split(" ").filter(Boolean))],
  });
});
