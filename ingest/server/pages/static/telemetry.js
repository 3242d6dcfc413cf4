// The KLV set of the picture on the screen, from the cues of the text track `KLV`: Esri's JSON, tags 10000 + ST 0601.

const SHOWN = [
  [10002, "Time"],
  [10003, "Mission"],
  [10010, "Platform"],
  [10013, "Latitude"],
  [10014, "Longitude"],
  [10015, "Altitude, m"],
  [10005, "Heading, °"],
  [10023, "Frame centre, latitude"],
  [10024, "Frame centre, longitude"],
];

/** Fill the list with the set that the track has at a time of the film; whether there is one. */
export function showSet(track, time, list) {
  const cue = cueAt(track?.cues, time);
  const values = cue ? tags(cue.text) : null;
  if (!values) return false;
  list.replaceChildren(
    ...SHOWN.filter(([tag]) => values.has(tag)).flatMap(([tag, name]) => [item("dt", name), item("dd", words(tag, values.get(tag)))]),
  );
  return true;
}

/** Not `activeCues`: before a film is first played it is empty. */
function cueAt(cues, time) {
  for (let index = (cues?.length ?? 0) - 1; index >= 0; index--) {
    const cue = cues[index];
    if (cue.startTime <= time + 0.001) return cue.endTime > time ? cue : null;
  }
  return null;
}

function tags(text) {
  try {
    return new Map(JSON.parse(text).data.flatMap((set) => set.value).map((entry) => [entry.tagId, entry.value]));
  } catch {
    return null;
  }
}

function words(tag, value) {
  if (tag === 10002 && typeof value === "number") return new Date(value / 1000).toISOString().replace("T", " ");
  if (typeof value === "number") return String(Math.round(value * 1e6) / 1e6);
  return String(value);
}

function item(kind, text) {
  const made = document.createElement(kind);
  made.textContent = text;
  return made;
}
