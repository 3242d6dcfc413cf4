// Files that are chosen or dropped: each is uploaded, one after another, and becomes a job. So does a URL.
import { ask, root, say, setBar } from "./common.js";
import { forget, upload } from "./tus.js";

let queue = Promise.resolve();

/** Watch the form; `onJob` is called when a job was made. */
export function startUploads(onJob) {
  const form = document.getElementById("upload");
  if (!form) return;
  const picker = document.getElementById("files");
  const take = (files) => [...files].forEach((file) => add(form, file, onJob));
  form.addEventListener("submit", (event) => {
    event.preventDefault(); // another page would end the uploads
    fromUrl(form, onJob);
  });
  const picked = () => {
    take(picker.files);
    picker.value = "";
  };
  picker.addEventListener("change", picked);
  picked(); // what was chosen before this script was here
  // A file that misses the form would replace the page, and end the uploads.
  for (const kind of ["dragover", "drop"]) window.addEventListener(kind, (event) => event.preventDefault());
  form.addEventListener("dragover", () => form.classList.add("over"));
  form.addEventListener("dragleave", () => form.classList.remove("over"));
  form.addEventListener("drop", (event) => {
    form.classList.remove("over");
    take(event.dataTransfer.files);
  });
}

function chosen(form) {
  return [...form.querySelectorAll("[name=resolution]:checked")].map((box) => box.value);
}

async function make(source, resolutions) {
  const made = await ask("/api/jobs", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ source, resolutions }),
  });
  return (await made.json()).jobId;
}

async function fromUrl(form, onJob) {
  const field = document.getElementById("url");
  const resolutions = chosen(form);
  if (!resolutions.length) return say("Choose at least one resolution.", true);
  const knob = form.querySelector(".from button");
  knob.disabled = true;
  try {
    await make({ url: field.value }, resolutions);
    field.value = "";
    await onJob();
    say("The job is in the list; its source is fetched when its turn comes.", true);
  } catch (error) {
    say(error instanceof TypeError ? "The server cannot be reached." : error.message, true);
  } finally {
    knob.disabled = false;
  }
}

function add(form, file, onJob) {
  const resolutions = chosen(form);
  const row = new Row(file);
  document.getElementById("uploads").append(row.element);
  if (!resolutions.length) return row.fail("Choose at least one resolution, then the file again.");
  if (file.size > Number(form.dataset.most)) return row.fail("The file is larger than the server takes.");
  const start = () => {
    queue = queue.then(() => one(file, resolutions, row, onJob, start));
  };
  return start();
}

async function one(file, resolutions, row, onJob, again) {
  const stopper = new AbortController();
  row.begin(async () => {
    stopper.abort();
    await forget(file);
    row.element.remove();
  });
  const warn = (event) => event.preventDefault();
  window.addEventListener("beforeunload", warn);
  try {
    row.uploaded ??= await upload(file, (sent) => row.tell(sent), stopper.signal);
    row.tell(file.size);
    row.done(await make({ file: row.uploaded }, resolutions));
    onJob();
  } catch (error) {
    if (error.name !== "AbortError") row.fail(error instanceof TypeError ? "The server cannot be reached." : error.message, again);
  } finally {
    window.removeEventListener("beforeunload", warn);
  }
}

/** A file in the list of uploads. */
class Row {
  constructor(file) {
    this.file = file;
    this.uploaded = null; // its id, once all of it is there
    this.element = document.createElement("li");
    this.name = element("span", file.name);
    this.bar = element("progress");
    this.bar.max = 100;
    this.bar.setAttribute("aria-label", `Upload of ${file.name}`);
    this.words = element("span", "waits", "meta");
    this.element.append(this.name, this.words);
  }

  begin(stop) {
    this.button("Stop", stop);
    setBar(this.bar, 0);
    this.element.append(this.bar, this.words);
    this.words.textContent = "";
  }

  tell(sent) {
    const percent = this.file.size ? (100 * sent) / this.file.size : 100;
    setBar(this.bar, percent);
    this.words.textContent = `${megabytes(sent)} of ${megabytes(this.file.size)} MB, ${Math.floor(percent)} %`;
  }

  done(jobId) {
    const link = element("a", this.file.name);
    link.href = `${root}/jobs/${jobId}`;
    this.words.textContent = "uploaded; its job is in the list";
    this.element.replaceChildren(link, this.words);
    say(`${this.file.name} is uploaded`);
  }

  fail(words, again) {
    this.words.textContent = words;
    this.bar.remove();
    if (again) this.button("Try again", again);
    say(`${this.file.name}: ${words}`);
  }

  button(label, action) {
    this.knob?.remove();
    this.knob = element("button", label, "quiet");
    this.knob.type = "button";
    this.knob.setAttribute("aria-label", `${label}: ${this.file.name}`);
    this.knob.addEventListener("click", action, { once: true });
    this.name.after(this.knob);
  }
}

function megabytes(bytes) {
  return (bytes / 1e6).toFixed(1);
}

function element(kind, text = "", className = "") {
  const made = document.createElement(kind);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}
