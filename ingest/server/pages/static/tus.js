// Resumable uploads by the tus protocol 1.0 (https://tus.io/protocols/resumable-upload), to /api/uploads.
// An upload's URL is remembered with the file's name, size and time: the same file, chosen again, goes on.
import { RefusedError, root } from "./common.js";

const PIECE = 16 * 1024 * 1024;
const WAITS_MS = [500, 1000, 2000, 4000, 8000, 15000];
const TUS = { "Tus-Resumable": "1.0.0" };

/** Sends `file`; answers its id. `tell(sent)` is called with bytes. Raises RefusedError, AbortError; TypeError offline. */
export async function upload(file, tell, signal) {
  const key = `upload ${root} ${file.name} ${file.size} ${file.lastModified}`;
  let failures = 0;
  for (;;) {
    let before = -1;
    try {
      let place = (await whereItIs(key, signal)) ?? (await begin(file, key, signal));
      while (!place.file) {
        before = place.offset;
        tell(before);
        place = await send(file, place, tell, signal);
        failures = 0;
      }
      localStorage.removeItem(key);
      tell(file.size);
      return place.file;
    } catch (error) {
      const final = error.name === "AbortError" || (error instanceof RefusedError && error.status < 500 && ![409, 423, 429].includes(error.status));
      if (final || failures >= WAITS_MS.length) throw error;
      await wait(WAITS_MS[failures++], signal);
    }
  }
}

/** Give the upload of a file up, also on the server. */
export async function forget(file) {
  const key = `upload ${root} ${file.name} ${file.size} ${file.lastModified}`;
  const url = localStorage.getItem(key);
  localStorage.removeItem(key);
  if (url) await fetch(url, { method: "DELETE", headers: TUS });
}

async function whereItIs(key, signal) {
  const url = localStorage.getItem(key);
  if (!url) return null;
  const response = await fetch(url, { method: "HEAD", headers: TUS, signal });
  if ([403, 404, 410].includes(response.status)) {
    localStorage.removeItem(key);
    return null;
  }
  if (!response.ok) throw new RefusedError(response.status, `the server said ${response.status}`);
  return { url, ...reached(response.headers) };
}

async function begin(file, key, signal) {
  const words = { filename: file.name, filetype: file.type };
  const metadata = Object.entries(words).filter(([, value]) => value).map(([name, value]) => `${name} ${base64(value)}`);
  const headers = { ...TUS, "Upload-Length": String(file.size), "Upload-Metadata": metadata.join(",") };
  const response = await fetch(`${root}/api/uploads`, { method: "POST", headers, signal });
  if (!response.ok) throw refused(response.status, await response.text());
  // Only its last part counts: what the server calls itself may not be what we call it.
  const url = `${root}/api/uploads/${response.headers.get("Location").split("/").pop()}`;
  localStorage.setItem(key, url);
  return { url, ...reached(response.headers) };
}

/** One piece, by XMLHttpRequest: fetch does not say how much of a body was sent. */
function send(file, place, tell, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    request.open("PATCH", place.url);
    const headers = { ...TUS, "Upload-Offset": String(place.offset), "Content-Type": "application/offset+octet-stream" };
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => tell(place.offset + event.loaded);
    request.onload = () => {
      if (request.status !== 204) return reject(refused(request.status, request.responseText));
      return resolve({ url: place.url, ...reached({ get: (name) => request.getResponseHeader(name) }) });
    };
    request.onerror = () => reject(new TypeError("the connection broke"));
    request.onabort = () => reject(new DOMException("stopped", "AbortError"));
    request.onloadend = () => signal.removeEventListener("abort", stop);
    signal.addEventListener("abort", stop);
    request.send(file.slice(place.offset, place.offset + PIECE));
  });
}

function reached(headers) {
  return { offset: Number(headers.get("Upload-Offset")), file: headers.get("Ingest-File") };
}

function refused(status, text) {
  try {
    return new RefusedError(status, JSON.parse(text).error.message);
  } catch {
    return new RefusedError(status, `the server said ${status}`);
  }
}

function wait(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new DOMException("stopped", "AbortError"));
    });
  });
}

function base64(text) {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}
