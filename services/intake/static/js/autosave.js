// Saves the draft while one types; the page's own buttons go on to work without it.

const QUIET = 3000; // after the last letter
const APART = 15000; // between two savings

// Why a saving was refused, as the problem's code.
async function codeOf(response) {
  const problem = await response.json().catch(() => ({}));
  return problem.code ?? "";
}

function watch(form) {
  let timer = null;
  let last = 0;
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

  async function save() {
    dirty = false;
    last = Date.now();
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
      if (response.ok && type.includes("json")) {
        const { rev, saved_at: at } = await response.json();
        form.elements.rev.value = rev;
        const time = new Intl.DateTimeFormat("zh-CN", {
          hour: "2-digit", minute: "2-digit", hour12: false, timeZone: "Asia/Shanghai",
        }).format(new Date(at));
        note(`草稿已于${time}自动保存`);
      } else if (response.status === 409 && (await codeOf(response)) === "window-closed") {
        stopped = true; // what was typed until now is kept there; more would not be
        note("报送已截止，刚才填写的内容已另行保存，没有计入案例。请刷新页面查看。");
      } else if (response.status === 409) {
        stopped = true;
        note("另一个窗口保存了这一页，自动保存已停止。点击“保存草稿”可以核对不同之处。");
      } else if (response.status === 401) {
        stopped = true;
        note("登录已过期，自动保存已停止。请点击“保存草稿”，登录后内容会保留。");
      }
    } catch {
      note("网络不通，草稿尚未保存，将自动重试。");
      dirty = true;
      plan();
    }
  }

  function plan() {
    clearTimeout(timer);
    if (!stopped) timer = setTimeout(() => { saving = save().finally(() => { saving = null; }); }, wait());
  }

  function wait() {
    return Math.max(QUIET, last + APART - Date.now());
  }

  form.addEventListener("input", () => { dirty = true; plan(); });
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
}

for (const form of document.querySelectorAll("[data-autosave] form")) watch(form);
