// What every page runs: small additions to pages that already work without it.
import { Button, Checkboxes, ErrorSummary, FileUpload, Radios, SkipLink } from "govuk-frontend";
import { followServer } from "./parts/countdown.js";
import { watchCounts } from "./parts/counters.js";

document.body.classList.add("js-enabled");
if ("noModule" in HTMLScriptElement.prototype) document.body.classList.add("govuk-frontend-supported");

const parts = [
  ["govuk-button", Button],
  ["govuk-checkboxes", Checkboxes],
  ["govuk-error-summary", ErrorSummary],
  ["govuk-file-upload", FileUpload],
  ["govuk-radios", Radios],
  ["govuk-skip-link", SkipLink],
];
for (const [name, Part] of parts) {
  for (const element of document.querySelectorAll(`[data-module="${name}"]`)) new Part(element);
}

for (const element of document.querySelectorAll("[data-countdown]")) followServer(element);
watchCounts(document);

// A page that has to wait its turn asks again by itself.
for (const element of document.querySelectorAll("[data-come-again]")) {
  setTimeout(() => location.reload(), Number(element.dataset.comeAgain) * 1000);
}

// Nobody who uses this browser next finds what was typed here.
// What is a day old goes too, and what was sent by a page that was left since.
function sweep(goes) {
  try {
    for (const key of Object.keys(localStorage)) {
      if (key.startsWith("draft:") && goes(JSON.parse(localStorage.getItem(key)), key)) localStorage.removeItem(key);
    }
  } catch {
    // storage is forbidden here: then nothing is in it
  }
}
sweep((copy, key) => Date.now() - copy.at > 24 * 3600 * 1000 || (copy.sent && key !== `draft:${location.pathname}`));
if (/^(\/staff)?\/logout$/.test(location.pathname)) document.addEventListener("submit", () => sweep(() => true));
