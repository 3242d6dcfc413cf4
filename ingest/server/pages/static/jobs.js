// The list of jobs, live: states and progress from /api/jobs; the page itself again when other jobs belong on it.
import { ask, exchange, freshPage, localTimes, say, setBar } from "./common.js";
import { startUploads } from "./uploads.js";

const BUSY_MS = 2000;
const QUIET_MS = 6000;
let timer;
let lost = false;
let told = new Map();

localTimes();
startUploads(() => look());
document.addEventListener("visibilitychange", () => document.hidden || look());
document.getElementById("show").addEventListener("change", (event) => event.target.form.requestSubmit());
told = states();
plan();

function list() {
  return document.getElementById("list");
}

function items() {
  return [...list().querySelectorAll("[data-job]")];
}

function states() {
  return new Map(items().map((item) => [item.dataset.job, item.querySelector(".badge").dataset.state]));
}

function plan() {
  clearTimeout(timer);
  const busy = items().some((item) => item.dataset.final === "false");
  timer = setTimeout(() => document.hidden || look(), busy ? BUSY_MS : QUIET_MS);
}

async function look() {
  clearTimeout(timer);
  try {
    const { jobs } = await (await ask(`/api/jobs?${list().dataset.same}`)).json();
    const now = new Map(jobs.map((job) => [job.jobId, job.state]));
    const same = now.size === told.size && [...now].every(([id, state]) => told.get(id) === state);
    if (same) jobs.forEach(update);
    else await reload(now);
    if (lost) say("");
    lost = false;
  } catch (error) {
    lost = true;
    if (error.status === 401) return say(error.message, true);
    say("The server cannot be reached; trying again.", true);
  }
  return plan();
}

async function reload(now) {
  const fresh = (await freshPage()).getElementById("list");
  if (!fresh) return;
  exchange(list(), fresh);
  const changed = items().filter((item) => told.has(item.dataset.job) && told.get(item.dataset.job) !== now.get(item.dataset.job));
  told = states();
  say(changed.map((item) => `${item.querySelector(".name").textContent}: ${item.querySelector(".badge").textContent}`).join(", "));
}

function update(job) {
  const item = items().find((candidate) => candidate.dataset.job === job.jobId);
  if (!item || item.dataset.final === "true") return;
  setBar(item.querySelector("progress"), job.percent);
  item.querySelector(".step").textContent = job.step ?? "";
}
