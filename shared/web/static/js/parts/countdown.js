// The time left, by the server's clock and never by this machine's: by the minute until the last hour, then by the second.

const FAIR = 400; // milliseconds the guess may be wrong by; the next second shown is then the right one
const AGAIN = 5 * 60e3; // between two looks at the server's clock
const STEPS = [0, 600e3, 3600e3, 86400e3]; // what is read aloud: over, ten minutes, an hour, a day

// The nearest second, so that what is shown is never half a second off; the last one stays until all is over.
function nearest(milliseconds) {
  return milliseconds <= 0 ? 0 : Math.max(1, Math.round(milliseconds / 1000));
}

export function words(milliseconds) {
  const seconds = nearest(milliseconds);
  if (!seconds) return "已截止";
  const days = Math.floor(seconds / 86400);
  const hours = Math.floor((seconds % 86400) / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  if (days) return `还有${days}天${hours}小时${minutes}分`;
  if (hours) return `还有${hours}小时${minutes}分`;
  return `还有${minutes}分${String(seconds % 60).padStart(2, "0")}秒`;
}

// The server's time as this page knows it: a reading, how far it may be off, and how long ago it was taken.
class ServerTime {
  constructor(element) {
    this.address = element.dataset.clock ?? "";
    // The page was made between the request and its first byte; without these times (an old browser) it may be any age.
    const trip = performance.getEntriesByType?.("navigation")[0];
    const fresh = trip && trip.responseStart > 0 && trip.type !== "back_forward";
    this.error = fresh ? (trip.responseStart - trip.requestStart) / 2 : Infinity;
    this.offset = Number(element.dataset.now) - (fresh ? trip.responseStart - this.error : performance.now());
    this.asked = performance.now();
  }

  now() {
    return performance.now() + this.offset;
  }

  // Halfway between question and answer is the best guess; a better guess than the last one, or a younger, is taken.
  async ask() {
    if (!this.address) return;
    const sent = performance.now();
    this.asked = sent;
    try {
      const response = await fetch(this.address, { credentials: "omit", cache: "no-store" });
      if (!response.ok) return;
      const { now } = await response.json();
      const came = performance.now();
      const error = (came - sent) / 2;
      if (error <= Math.max(this.error, FAIR)) {
        this.offset = now - (sent + came) / 2;
        this.error = error;
      }
    } catch {
      // No network just now: the last reading goes on to be used.
    }
  }
}

export function followServer(element) {
  const closes = Number(element.dataset.countdown);
  const aloud = element.parentElement.querySelector("[data-turning-point]");
  const time = new ServerTime(element);
  let timer = null;
  let stage;

  function show() {
    clearTimeout(timer);
    const left = closes - time.now();
    const text = words(left);
    if (element.textContent !== text) element.textContent = text;
    const reached = STEPS.find((limit) => nearest(left) * 1000 <= limit);
    if (stage !== undefined && stage !== reached && aloud) aloud.textContent = text;
    stage = reached ?? null;
    if (left <= 0) return;
    const step = left > 3660e3 ? 60e3 : 1e3; // the text changes half a second before each full one, and at the end
    timer = setTimeout(show, Math.min((left + 500) % step || step, left) + 20);
  }

  async function look(tries = 1) {
    await time.ask();
    show();
    if (time.error > FAIR && tries < 4) setTimeout(look, tries * 2000, tries + 1);
  }

  element.hidden = false;
  show();
  if (time.error > FAIR) look();
  setInterval(look, AGAIN);
  // The lid was shut, or the page came back out of the browser's memory: that time may not have been counted.
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && performance.now() - time.asked > 5000) look();
  });
  addEventListener("pageshow", (event) => {
    if (event.persisted) look();
  });
}
