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
