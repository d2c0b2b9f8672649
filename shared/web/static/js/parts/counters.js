// Says below a field how many 字 it holds; counts as the server does.
import { words } from "../counting.js";

export function watchCounts(page) {
  for (const field of page.querySelectorAll("[data-count]")) {
    const note = page.querySelector(`[data-count-for="${field.id}"]`);
    if (note) watch(field, note, Number(field.dataset.count));
  }
}

function watch(field, note, limit) {
  let waiting;
  const show = () => {
    const used = words(field.value);
    const over = used - limit;
    note.textContent = over > 0 ? `已有${used}字，最多${limit}字，请删去${over}字` : `已有${used}字，最多${limit}字`;
    note.classList.toggle("zj-count--over", over > 0);
  };
  field.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(show, 300);
  });
  show();
}
