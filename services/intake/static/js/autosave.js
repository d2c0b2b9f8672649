// Saves the draft while one types; the page's own buttons go on to work without it. What the platform has not taken yet
// is kept in this browser as well, and offered when the page is opened again.

import { forget, keep, offer, typed } from "./parts/local-copy.js";

const QUIET = 3000; // after the last letter
const EVERY = 15; // seconds between two savings, until the platform asks for more
const AFTER_TROUBLE = 10; // seconds, where the answer does not say

// What went wrong, as the problem says it; empty where the answer is none.
async function problemOf(response) {
  return response.json().catch(() => ({}));
}

function watch(form) {
  let timer = null;
  let earliest = 0; // when the next saving may begin
  let every = EVERY;
  let saving = null;
  let stopped = false;
  let dirty = false;

  function note(text) {
    let place = document.querySelector("[data-saved-at]");
    if (!place) {
      place = document.createElement("p");
      place.dataset.savedAt = "";
      place.className = "zj-second";
      place.setAttribute("role", "status");
      form.append(place);
    }
    place.textContent = text;
  }

  function stop(text) {
    stopped = true;
    note(text);
  }

  // Nothing was taken: it is kept here, and tried again.
  function later(text, seconds) {
    dirty = true;
    earliest = Date.now() + seconds * 1000;
    note(keep(form) ? `${text}内容已暂存在本机，将自动重试。` : `${text}草稿尚未保存，将自动重试。`);
    plan();
  }

  async function taken(response, sent) {
    const { rev, saved_at: at, save_every: seconds } = await response.json();
    form.elements.rev.value = rev;
    every = seconds ?? EVERY;
    earliest = Date.now() + every * 1000;
    forget(sent);
    const time = new Intl.DateTimeFormat("zh-CN", {
      hour: "2-digit", minute: "2-digit", hour12: false, timeZone: "Asia/Shanghai",
    }).format(new Date(at));
    note(`草稿已于${time}自动保存`);
  }

  async function refused(response, sent) {
    const { code } = await problemOf(response);
    if (response.status === 409 && code === "window-closed") {
      forget(sent); // what was typed until now is kept there; more would not be
      stop("报送已截止，刚才填写的内容已另行保存，没有计入案例。请刷新页面查看。");
    } else if (response.status === 409) {
      stop("另一个窗口保存了这一页，自动保存已停止。点击“保存草稿”可以核对不同之处。");
    } else if (response.status === 401) {
      stop("登录已过期，自动保存已停止。请点击“保存草稿”，登录后内容会保留。");
    } else if (response.status === 429 || response.status >= 500) {
      const seconds = Number(response.headers.get("Retry-After")) || AFTER_TROUBLE;
      later(response.status === 429 ? "现在访问的人很多，" : "平台暂时无法保存，", seconds);
    } else if (response.status === 422) {
      note("有内容需要修改，改好后将自动保存。"); // the next letter tries again
    } else {
      stop("自动保存没有成功。请点击“保存草稿”，按提示修改。");
    }
  }

  async function save() {
    dirty = false;
    earliest = Date.now() + every * 1000;
    const sent = typed(form);
    const body = new URLSearchParams(new FormData(form));
    body.set("then", "draft");
    try {
      const response = await fetch(form.action || location.href, {
        method: "POST",
        credentials: "same-origin",
        headers: { Accept: "application/json", "X-CSRFToken": form.elements.csrf_token.value },
        body,
      });
      const type = response.headers.get("Content-Type") ?? "";
      if (response.ok && type.includes("json")) await taken(response, sent);
      else if (!response.ok) await refused(response, sent);
    } catch {
      later("网络不通，", AFTER_TROUBLE);
    }
  }

  function plan() {
    clearTimeout(timer);
    if (!stopped) timer = setTimeout(() => { saving = save().finally(() => { saving = null; }); }, wait());
  }

  function wait() {
    return Math.max(QUIET, earliest - Date.now());
  }

  form.addEventListener("input", () => {
    dirty = true;
    keep(form);
    plan();
  });
  form.addEventListener("submit", async (event) => {
    clearTimeout(timer);
    dirty = false;
    if (!saving) return;
    event.preventDefault(); // the saving under way changes the revision: let it end first
    await saving;
    form.requestSubmit(event.submitter);
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden && dirty && !saving && !stopped) saving = save().finally(() => { saving = null; });
  });
  offer(form, () => { dirty = true; plan(); });
}

for (const form of document.querySelectorAll("[data-autosave] form")) watch(form);
