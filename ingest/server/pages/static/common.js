// What all pages share: where the server is, asking it, times in the reader's own zone, and exchanging parts of a page.

export const root = document.documentElement.dataset.root;

/** An answer that is no success, with the server's own words. */
export class RefusedError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** The answer to a request to our own server. Raises RefusedError; TypeError where it cannot be reached. */
export async function ask(path, options = {}) {
  const response = await fetch(root + path, options);
  if (response.ok) return response;
  let words = `the server said ${response.status}`;
  if (response.headers.get("content-type")?.startsWith("application/json")) {
    words = (await response.json()).error?.message ?? words;
  }
  throw new RefusedError(response.status, response.status === 401 ? "You are signed out; load the page again." : words);
}

const format = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const shortFormat = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

/** Times as the reader's own clock has them. */
export function localTimes(within = document) {
  for (const time of within.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime);
    if (!Number.isNaN(moment.valueOf())) {
      time.title = time.textContent;
      time.textContent = ("short" in time.dataset ? shortFormat : format).format(moment);
    }
  }
}

/** This page as the server has it now; `signal` may give it up. */
export async function freshPage(signal) {
  const { pathname, search } = location;
  const response = await fetch(pathname + search, { signal });
  if (!response.ok) throw new RefusedError(response.status, `the server said ${response.status}`);
  return new DOMParser().parseFromString(await response.text(), "text/html");
}

/** Put a fresh part in the place of the old one; what had the focus has it again, what was open is open. */
export function exchange(old, fresh) {
  const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
  const open = [...old.querySelectorAll("details")].map((details) => details.open);
  const part = document.adoptNode(fresh);
  localTimes(part);
  [...part.querySelectorAll("details")].forEach((details, index) => (details.open = open[index] ?? false));
  old.replaceWith(part);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  return part;
}

/** Say something to those who do not see the page, and with `shown` to all. */
export function say(words, shown = false) {
  const said = document.getElementById("said");
  if (!said) return;
  if (said.textContent !== words) said.textContent = words;
  said.classList.toggle("shown", shown && words !== "");
}

export function setBar(bar, percent) {
  if (!bar) return;
  bar.value = percent;
  bar.textContent = `${Math.round(percent)} %`;
}
