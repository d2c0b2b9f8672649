// Asks every few seconds whether the report is ready or the queue has moved, and then shows the page afresh.
const report = document.querySelector("[data-report]");
const address = `/api/validation/reports/${encodeURIComponent(report.dataset.report)}`;
let seen = null;

async function look() {
  try {
    const answer = await fetch(address, { headers: { Accept: "application/json" } });
    if (answer.ok) {
      const state = JSON.stringify(await answer.json());
      if (seen !== null && state !== seen) {
        location.reload();
        return;
      }
      seen = state;
    }
  } catch {
    // Offline for a moment: the next look may succeed.
  }
  setTimeout(look, 3000);
}

if (report.dataset.ready === "no") {
  setTimeout(look, 1000);
}
