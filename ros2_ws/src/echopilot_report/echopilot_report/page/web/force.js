// Contact force: value, gauge with limits, and the last 30 seconds.

const TOP_N = 22, SPAN_MS = 30000;
const SVG = "http://www.w3.org/2000/svg";
const history = [];

function shape(parent, name, attributes, text) {
  const element = parent.appendChild(document.createElementNS(SVG, name));
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text) element.textContent = text;
  return element;
}

export function showForce({ now, peak, aim, cap, trip, hard }) {
  const panel = document.getElementById("force");
  document.getElementById("force-now").textContent = now === null ? "-" : Math.max(now, 0).toFixed(1);
  panel.dataset.level = levelOf(now, cap, trip);
  document.getElementById("force-aim").textContent = !aim ? "no force set-point" : `set-point ${fixed(aim)} N, cap ${fixed(cap)} N, trip ${fixed(trip)} N`;
  bar(now, aim, cap, trip, hard);
  history.push([performance.now(), peak ?? now ?? 0]);
  while (history[0][0] < performance.now() - SPAN_MS) history.shift();
  trace(aim, cap, trip);
}

const levelOf = (now, cap, trip) => (now === null ? "" : trip !== null && now >= trip ? "alarm" : cap !== null && now >= cap ? "warn" : "good");
const fixed = (value) => (value === null ? "-" : value.toFixed(0));

function bar(now, aim, cap, trip, hard) {
  const svg = document.getElementById("gauge");
  svg.replaceChildren();
  const x = (n) => 6 + (268 * Math.min(Math.max(n, 0), TOP_N)) / TOP_N;
  shape(svg, "rect", { x: 6, y: 12, width: 268, height: 16, rx: 4, fill: "#1a232c" });
  if (cap !== null && trip !== null) shape(svg, "rect", { x: x(cap), y: 12, width: x(trip) - x(cap), height: 16, fill: "#4a3510" });
  if (trip !== null) shape(svg, "rect", { x: x(trip), y: 12, width: x(TOP_N) - x(trip), height: 16, fill: "#571418" });
  const color = { alarm: "#ff5a5f", warn: "#ffb547" }[levelOf(now, cap, trip)] || "#4fd08b";
  if (now > 0) shape(svg, "rect", { x: 6, y: 12, width: x(now) - 6, height: 16, rx: 4, fill: color });
  if (aim) shape(svg, "path", { d: `M${x(aim)} 13 l-6 -11 h12 Z`, fill: "#4cc3ff" });
  for (const n of [cap, trip, hard]) {
    if (n === null || n === undefined) continue;
    shape(svg, "line", { x1: x(n), x2: x(n), y1: 10, y2: 33, stroke: "#c4ced8", "stroke-width": 1.5 });
    shape(svg, "text", { x: x(n), y: 47, fill: "#92a0ad", "font-size": 13, "text-anchor": "middle" }, `${n.toFixed(0)}`);
  }
  shape(svg, "text", { x: 6, y: 47, fill: "#92a0ad", "font-size": 13 }, "0 N");
}

function trace(aim, cap, trip) {
  const canvas = document.getElementById("trace"), ratio = window.devicePixelRatio || 1;
  const width = (canvas.width = Math.round(canvas.clientWidth * ratio)), height = (canvas.height = Math.round(canvas.clientHeight * ratio));
  if (!width || !height) return;
  const g = canvas.getContext("2d"), now = performance.now();
  const y = (n) => height - 2 * ratio - ((height - 4 * ratio) * Math.min(Math.max(n, 0), TOP_N)) / TOP_N;
  for (const [n, color] of [[aim, "#24566f"], [cap, "#6b4d17"], [trip, "#6b1b20"]]) {
    if (!n) continue;
    g.strokeStyle = color;
    g.lineWidth = ratio;
    g.beginPath(); g.moveTo(0, y(n)); g.lineTo(width, y(n)); g.stroke();
  }
  g.strokeStyle = "#e6edf3";
  g.lineWidth = 2 * ratio;
  g.lineJoin = "round";
  g.beginPath();
  for (const [at, n] of history) g.lineTo(width * (1 - (now - at) / SPAN_MS), y(n));
  g.stroke();
}
