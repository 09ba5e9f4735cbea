"use strict";

// A file of its own, so that the page runs under a content security policy of script-src 'self'.
const dark = matchMedia("(prefers-color-scheme: dark)");
const colour = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", colour);
colour();

document.getElementById("service").textContent = new URL("./", location.href).href;

window.addEventListener("load", () => {
  window.SwaggerUIBundle({
    dom_id: "#swagger-ui",
    url: "./openapi.json", // beside the page, whatever path prefix a proxy puts before both
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0, // the schemas stay folded until they are asked for
    defaultModelRendering: "example",
    tryItOutEnabled: true,
    validatorUrl: null, // the default sends the contract to a validator on the internet
  });
});
