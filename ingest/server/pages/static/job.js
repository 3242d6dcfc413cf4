// A job's page, live by its events; parts are taken from the server anew when there is something new to read.
import { exchange, freshPage, localTimes, root, say, setBar } from "./common.js";
import { startPlayer } from "./player.js";

const FINAL = ["COMPLETED", "FAILED", "CANCELLED"];
const head = () => document.getElementById("head");

localTimes();
startPlayer();
if (!FINAL.includes(head().dataset.state)) follow(head().dataset.job);

function follow(jobId) {
  const events = new EventSource(`${root}/api/jobs/${jobId}/events`);
  // A button was pressed: what comes next is a page of its own, and the job may be gone before it is there.
  addEventListener("submit", () => {
    events.close();
    leaving.abort();
  });
  events.addEventListener("job", async (event) => {
    const job = JSON.parse(event.data);
    const final = FINAL.includes(job.state);
    if (final) events.close();
    update(job);
    if (job.state !== head().dataset.state || job.messages.length !== Number(head().dataset.said)) await reload(final);
  });
}

function update(job) {
  const step = document.getElementById("step");
  if (!step) return;
  if (job.step) step.textContent = job.step;
  document.getElementById("percent").textContent = `${Math.round(job.percent)} %`;
  setBar(document.querySelector("#state .going > progress"), job.percent);
  for (const output of job.outputs) {
    setBar(document.querySelector(`#state [data-resolution="${CSS.escape(output.resolution)}"] progress`), output.percent);
  }
}

const leaving = new AbortController();
let loading = false;
let again = false;

async function reload(final) {
  if (leaving.signal.aborted) return;
  if (loading) {
    again = true;
    return;
  }
  loading = true;
  const before = head().dataset.state;
  try {
    const fresh = await freshPage(leaving.signal);
    for (const old of document.querySelectorAll("[data-part]")) {
      const part = fresh.getElementById(old.id);
      if (part && !old.isEqualNode(part)) exchange(old, part);
    }
    say("");
    if (head().dataset.state !== before) say(head().querySelector(".badge").textContent);
  } catch {
    if (leaving.signal.aborted) return;
    if (final) again = true;
    else say("The server cannot be reached; trying again.", true);
  } finally {
    loading = false;
  }
  if (again) {
    again = false;
    if (final) await new Promise((resolve) => setTimeout(resolve, 1000));
    return reload(final);
  }
  if (final || FINAL.includes(head().dataset.state)) startPlayer();
}
