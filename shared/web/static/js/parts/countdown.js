// The time left, by the server's clock: by the minute until the last hour, then by the second.

export function words(milliseconds) {
  const seconds = Math.floor(milliseconds / 1000);
  if (seconds <= 0) return "已截止";
  const days = Math.floor(seconds / 86400);
  const hours = Math.floor((seconds % 86400) / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  if (days) return `还有${days}天${hours}小时${minutes}分`;
  if (hours) return `还有${hours}小时${minutes}分`;
  return `还有${minutes}分${String(seconds % 60).padStart(2, "0")}秒`;
}

export function followServer(element) {
  const closes = Number(element.dataset.countdown);
  // The page was made half a round trip before it arrived; a clock that runs on while the lid is shut keeps it right.
  const trip = performance.getEntriesByType("navigation")[0];
  const late = trip ? (performance.now() - trip.responseStart) + (trip.responseStart - trip.requestStart) / 2 : 0;
  const offset = Number(element.dataset.now) + late - Date.now();
  let announced = null;
  function show() {
    const left = closes - (Date.now() + offset);
    const text = words(left);
    if (element.textContent !== text) element.textContent = text;
    const stage = [0, 600e3, 3600e3, 86400e3].find((limit) => left <= limit);
    if (announced !== null && stage !== announced) announce(element, text);
    announced = stage;
    if (left > 0) setTimeout(show, left > 3660e3 ? Math.min(60e3, (left % 60e3) + 50) : (left % 1000) + 20);
  }
  show();
}

// Only the turning points are read aloud: a day, an hour, ten minutes, over.
function announce(element, text) {
  element.setAttribute("aria-live", "polite");
  element.textContent = "";
  requestAnimationFrame(() => {
    element.textContent = text;
    setTimeout(() => element.setAttribute("aria-live", "off"), 2000);
  });
}
