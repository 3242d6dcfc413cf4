// Thumbnails of a film from a WebVTT track whose cues are pieces of sheets: `sheet-001.jpg#xywh=x,y,width,height`.

const LINE = /^(\d+):(\d\d):(\d\d\.\d{3}) --> (\d+):(\d\d):(\d\d\.\d{3})/;
const PIECE = /^([^#\s]+)#xywh=(\d+),(\d+),(\d+),(\d+)$/;

/** The pieces in the order of time: {start, end, sheet, x, y, width, height}; none where there is no track. */
export async function loadPreviews(url) {
  const response = await fetch(url);
  return response.ok ? parse(await response.text(), url) : [];
}

function parse(text, url) {
  const found = [];
  const lines = text.split(/\r?\n/);
  lines.forEach((line, index) => {
    const time = LINE.exec(line);
    const piece = time && PIECE.exec(lines[index + 1] ?? "");
    if (!piece) return;
    const [x, y, width, height] = piece.slice(2).map(Number);
    const sheet = new URL(piece[1], new URL(url, location.href)).href;
    found.push({ start: seconds(time.slice(1, 4)), end: seconds(time.slice(4)), sheet, x, y, width, height });
  });
  return found;
}

function seconds([hours, minutes, rest]) {
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(rest);
}

/** The piece that is on show at a time. */
export function pieceAt(pieces, time) {
  return pieces.findLast((piece) => piece.start <= time) ?? pieces[0];
}

/** Show a piece in an element. */
export function show(piece, element) {
  Object.assign(element.style, {
    width: `${piece.width}px`,
    height: `${piece.height}px`,
    backgroundImage: `url("${piece.sheet}")`,
    backgroundPosition: `-${piece.x}px -${piece.y}px`,
  });
}
