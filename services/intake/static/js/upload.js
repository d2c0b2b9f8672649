// Turns the plain upload form into uploads straight to the store: progress, pause, going on after a break or a closed tab.
import Uppy from "@uppy/core";
import AwsS3 from "@uppy/aws-s3";
import { button } from "./parts/button.js";
import { call, Problem } from "./parts/calls.js";
import { sha256 } from "./parts/sha256.js";

const AGAIN_AFTER = [1000, 3000, 5000, 10000, 20000];
const CHECKING = "检查中";

function megabytes(octets) {
  return `${(octets / 1048576).toFixed(1).replace(/\.0$/, "")} MB`;
}

// One line under the form: the file's name, how far it is, what can be done.
class Line {
  constructor(list, file) {
    this.element = document.createElement("div");
    this.element.className = "zj-meter";
    this.words = document.createElement("p");
    this.words.className = "zj-meter__words";
    this.bar = document.createElement("progress");
    this.bar.className = "zj-meter__bar zj-meter__bar--progress";
    this.bar.max = file.size;
    this.bar.setAttribute("aria-label", file.name);
    this.buttons = document.createElement("p");
    this.element.append(this.words, this.bar, this.buttons);
    this.name = file.name;
    list.append(this.element);
  }

  say(text, value) {
    this.words.textContent = `${this.name}：${text}`;
    if (value !== undefined) this.bar.value = value;
  }

  offer(...choices) {
    this.buttons.replaceChildren(
      ...choices.map(([text, act]) => button(text, act)),
    );
  }

  end(text) {
    this.say(text);
    this.bar.remove();
    this.offer();
  }
}

class Uploads {
  constructor(box) {
    this.box = box;
    this.api = box.dataset.uploads;
    this.form = box.querySelector("form");
    this.input = box.querySelector('input[type="file"]');
    this.list = box.querySelector("[data-upload-list]");
    this.lines = new Map();
    this.tries = new Map();
    this.going = 0;
    box.querySelector("[data-without-script]")?.remove();
    this.input.multiple = box.dataset.role === "material" && !box.dataset.replaces;
    this.uppy = new Uppy({ allowMultipleUploadBatches: true });
    // The service has begun the upload already, so every file goes on from what the store holds of it.
    this.uppy.use(AwsS3, {
      shouldUseMultipart: true,
      limit: 2,
      getChunkSize: () => 8 * 1024 * 1024,
      signRequest: ({ method, uploadId, partNumber }) =>
        call("POST", `${this.api}/${uploadId}/sign`, { method, part: partNumber ?? null }),
    });
    this.uppy.on("upload-progress", (file, { bytesUploaded }) => this.progress(file, bytesUploaded));
    this.uppy.on("upload-success", (file) => this.complete(file));
    this.uppy.on("upload-error", (file, error) => this.failed(file, error));
    this.form.addEventListener("submit", (event) => this.begin(event));
    window.addEventListener("beforeunload", (event) => {
      if (this.going) event.preventDefault();
    });
    window.addEventListener("online", () => this.uppy.retryAll());
  }

  begin(event) {
    const files = [...this.input.files];
    if (!files.length) return; // the plain form says what is missing
    event.preventDefault();
    const kind = this.form.querySelector('input[name="kind"]:checked')?.value ?? "";
    for (const file of files) this.start(file, kind);
    this.input.value = "";
    this.input.dispatchEvent(new Event("change", { bubbles: true }));
  }

  async start(file, kind) {
    const line = new Line(this.list, file);
    this.going += 1;
    try {
      line.say("正在计算校验值");
      const sum = await sha256(file, (done) => line.say("正在计算校验值", done));
      const upload = (await this.earlier(file, sum)) ?? (await this.announce(file, kind, sum));
      const id = this.uppy.addFile({ name: file.name, type: file.type, data: file, meta: { upload: upload.upload_id } });
      this.uppy.setFileState(id, { s3Multipart: { key: upload.upload_id, uploadId: upload.upload_id } });
      this.lines.set(id, line);
      this.pausable(id, line);
      this.uppy.upload().catch(() => {}); // told by upload-error
    } catch (error) {
      this.going -= 1;
      line.end(error.message);
    }
  }

  // The same bytes announced before, in this tab or in one that was closed: go on with them.
  async earlier(file, sum) {
    const { uploads } = await call("GET", this.api);
    return uploads.find((upload) => {
      return upload.sha256 === sum && upload.size === file.size && upload.role === this.box.dataset.role;
    });
  }

  announce(file, kind, sum) {
    const { role, replaces } = this.box.dataset;
    return call("POST", this.api, { role, name: file.name, kind, size: file.size, sha256: sum, replaces: replaces ?? "" });
  }

  pausable(id, line) {
    const pause = () => {
      const paused = this.uppy.pauseResume(id);
      if (paused) line.say("已暂停");
      line.offer([paused ? "继续" : "暂停", pause], ["取消", () => this.cancel(id)]);
    };
    line.offer(["暂停", pause], ["取消", () => this.cancel(id)]);
  }

  progress(file, done) {
    this.lines.get(file.id)?.say(`已传${megabytes(done)} / ${megabytes(file.size)}`, done);
  }

  async complete(file) {
    const line = this.lines.get(file.id);
    try {
      await call("POST", `${this.api}/${file.meta.upload}/complete`);
      line.end("已上传，正在检查。检查不影响报送时间。");
    } catch (error) {
      line.end(error.message);
    }
    this.finished(file.id);
  }

  failed(file, error) {
    const line = this.lines.get(file.id);
    const told = error instanceof Problem ? error : error?.cause;
    if (told instanceof Problem && told.status < 500 && told.status !== 429) {
      line.end(told.message);
      this.finished(file.id);
      return;
    }
    const tries = this.tries.get(file.id) ?? 0;
    this.tries.set(file.id, tries + 1);
    line.say("连接中断，已传的部分保留，将自动继续");
    line.offer(["立即继续", () => this.uppy.retryUpload(file.id)], ["取消", () => this.cancel(file.id)]);
    const wait = AGAIN_AFTER[Math.min(tries, AGAIN_AFTER.length - 1)];
    setTimeout(() => this.uppy.getFile(file.id)?.error && this.uppy.retryUpload(file.id), wait);
  }

  async cancel(id) {
    const file = this.uppy.getFile(id);
    this.uppy.removeFile(id);
    this.lines.get(id).end("已取消");
    await call("DELETE", `${this.api}/${file.meta.upload}`).catch(() => {});
    this.finished(id);
  }

  finished(id) {
    if (this.uppy.getFile(id)) this.uppy.removeFile(id);
    this.going -= 1;
    if (!this.going && this.box.dataset.then === "reload") setTimeout(() => location.reload(), 1200);
  }
}

// While a file is being checked, look every few seconds whether it is done, and show it.
async function watchChecks(box, left) {
  const lines = [...document.querySelectorAll('[id^="file-"] .zj-tag')];
  if (!left || !lines.some((tag) => tag.textContent.trim() === CHECKING)) return;
  const { files } = await call("GET", box.dataset.uploads).catch(() => ({ files: [] }));
  for (const file of files) {
    const tag = document.querySelector(`#file-${CSS.escape(file.file_id)} .zj-tag`);
    if (tag && tag.textContent.trim() === CHECKING && file.state !== CHECKING) {
      tag.textContent = file.state;
      if (box.dataset.then === "reload" && !document.querySelector("[data-upload-list] progress")) location.reload();
    }
  }
  setTimeout(() => watchChecks(box, left - 1), 3000);
}

for (const box of document.querySelectorAll("[data-uploads]")) {
  new Uploads(box);
  watchChecks(box, 60);
}
