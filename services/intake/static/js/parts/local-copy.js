// A copy, in this browser, of what was typed and the platform has not taken yet: for a line that is cut, a crowd, a
// closed tab. It goes once the platform has the same, on signing out, and after a day.

import { button } from "./button.js";

const KEY = "draft:";
const LASTS = 24 * 3600 * 1000;
const NOT_TYPED = new Set(["csrf_token", "command_id", "rev", "then"]);

// What a person typed, by the fields' names.
export function typed(form) {
  return [...new FormData(form)].filter(([name, value]) => typeof value === "string" && !NOT_TYPED.has(name));
}

// A browser may forbid any storage; then there is no copy, and everything else goes on.
function withStorage(act) {
  try {
    return act(window.localStorage);
  } catch {
    return undefined;
  }
}

const key = () => KEY + location.pathname;

function write(form, more) {
  const copy = { at: Date.now(), rev: form.elements.rev.value, fields: typed(form), ...more };
  return withStorage((storage) => { storage.setItem(key(), JSON.stringify(copy)); return true; }) ?? false;
}

let unanswered = false; // an older copy is offered: it stays until a person has said what becomes of it

// Whether it could be kept.
export function keep(form) {
  return !unanswered && write(form, { sent: false });
}

function remove() {
  withStorage((storage) => storage.removeItem(key()));
}

// The platform has these fields; what was typed since, here or in another tab, stays.
export function forget(fields) {
  const copy = kept();
  if (!unanswered && copy && JSON.stringify(copy.fields) === JSON.stringify(fields)) remove();
}

function kept() {
  return withStorage((storage) => JSON.parse(storage.getItem(key()) ?? "null"));
}

// Blanks around a text are not kept by the platform, and line ends are written in two ways.
function plain(fields) {
  return JSON.stringify(fields.map(([name, value]) => [name, value.trim().replace(/\r\n/g, "\n")]));
}

function fill(form, fields) {
  for (const element of form.elements) {
    if (!element.name || NOT_TYPED.has(element.name) || element.type === "file") continue;
    const values = fields.filter(([name]) => name === element.name).map(([, value]) => value);
    if (element.type === "checkbox" || element.type === "radio") element.checked = values.includes(element.value);
    else if (values.length > 0) element.value = values[0];
    element.dispatchEvent(new Event("change", { bubbles: true }));
  }
  for (const area of form.querySelectorAll("textarea")) area.dispatchEvent(new Event("input", { bubbles: true }));
}

// Show that there is a copy which the platform does not have; `taken` runs when a person wants it.
export function offer(form, taken) {
  form.addEventListener("submit", () => { if (!unanswered && kept()) write(form, { sent: true }); });
  const copy = kept();
  if (!copy || document.querySelector(".govuk-error-summary")) return; // such a page shows what was typed itself
  const savedSince = copy.rev !== form.elements.rev.value;
  const same = plain(copy.fields) === plain(typed(form));
  if (same || (copy.sent && savedSince) || Date.now() - copy.at > LASTS) {
    remove();
    return;
  }
  unanswered = true;
  const time = new Intl.DateTimeFormat("zh-CN", {
    month: "long", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false, timeZone: "Asia/Shanghai",
  }).format(new Date(copy.at));
  const box = document.createElement("div");
  box.className = "zj-notice";
  box.dataset.localCopy = "";
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", "没有保存的内容");
  const text = document.createElement("p");
  text.className = "govuk-body";
  text.textContent = `这台设备上有${time}填写、平台没有收到的内容。`
    + (savedSince ? "平台上的内容在此之后保存过，填入后请逐项核对。" : "可以填入表单后继续填写。");
  const buttons = document.createElement("div");
  buttons.className = "govuk-button-group";
  buttons.append(
    button("填入这些内容", () => { unanswered = false; fill(form, copy.fields); box.remove(); taken(); }),
    button("丢弃", () => { unanswered = false; remove(); box.remove(); }),
  );
  box.append(text, buttons);
  form.before(box);
}
