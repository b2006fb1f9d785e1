// The B-mode image with outlines, depth ruler and coupling of the scan lines.

export const COLORS = {
  LV: "#ff6b66", LV_MYO: "#e9967a", LA: "#c77be0", RV: "#5a9cf0", RA: "#40c4b4", AO_ROOT: "#f06292", AO_LUMEN: "#ff5a45",
  AO_WALL: "#ffb74d", IVC: "#5b9bff", VERTEBRA: "#e0e0c8", EFFUSION: "#1fd3ea",
};
export const NAMES = {
  LV: "left ventricle", LV_MYO: "LV muscle", LA: "left atrium", RV: "right ventricle", RA: "right atrium", AO_ROOT: "aortic root",
  AO_LUMEN: "aortic lumen", AO_WALL: "aortic wall", IVC: "vena cava", VERTEBRA: "vertebra", EFFUSION: "effusion",
};

export async function unpack(buffer) {
  const length = new DataView(buffer).getUint32(0);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  header.image = await createImageBitmap(new Blob([new Uint8Array(buffer, 4 + length)], { type: "image/jpeg" }));
  return header;
}

export function fromBase64(text) {
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;
}

// Draw into a canvas of any size; `small` leaves out everything but image and outlines.
export function draw(canvas, frame, { outlines = true, small = false } = {}) {
  const ratio = window.devicePixelRatio || 1;
  const width = Math.round(canvas.clientWidth * ratio) || canvas.width, height = Math.round(canvas.clientHeight * ratio) || canvas.height;
  if (canvas.width !== width || canvas.height !== height) { canvas.width = width; canvas.height = height; }
  const g = canvas.getContext("2d");
  g.fillStyle = "#000";
  g.fillRect(0, 0, width, height);
  const [left, top, right, bottom] = frame.sector;
  const edge = small ? 2 : 26 * ratio, side = small ? 2 : 58 * ratio;
  const scale = Math.min((width - 2 * side) / (right - left), (height - 2 * edge) / (bottom - top));
  if (!(scale > 0)) return; // no space yet
  const x0 = (width - scale * (right - left)) / 2 - scale * left, y0 = (height - scale * (bottom - top)) / 2 - scale * top;
  const at = (u, v) => [x0 + scale * (u + 0.5), y0 + scale * (v + 0.5)];
  g.imageSmoothingEnabled = true;
  g.imageSmoothingQuality = "high";
  g.drawImage(frame.image, left, top, right - left, bottom - top, x0 + scale * left, y0 + scale * top, scale * (right - left), scale * (bottom - top));
  g.lineJoin = "round";
  if (outlines) {
    for (const [name, flat] of frame.outlines || []) region(g, at, flat, COLORS[name] || "#fff", small ? ratio : 2 * ratio);
    for (const [text, flat] of frame.calipers || []) caliper(g, at, flat, text, ratio, small);
  }
  if (!small) {
    ruler(g, at, frame, ratio);
    coupling(g, at, frame, scale, ratio);
  }
}

function region(g, at, flat, color, width) {
  const points = [];
  for (let i = 0; i < flat.length; i += 2) points.push(at(flat[i], flat[i + 1]));
  const middle = (a, b) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
  g.beginPath(); // through the midpoints of the sides, which smooths the steps of the label map's cells
  g.moveTo(...middle(points.at(-1), points[0]));
  points.forEach((point, i) => g.quadraticCurveTo(...point, ...middle(point, points[(i + 1) % points.length])));
  g.closePath();
  g.globalAlpha = 0.12;
  g.fillStyle = color;
  g.fill();
  g.globalAlpha = 0.95;
  g.strokeStyle = color;
  g.lineWidth = width;
  g.stroke();
  g.globalAlpha = 1;
}

function caliper(g, at, [u1, v1, u2, v2], text, ratio, small) {
  const [a, b] = [at(u1, v1), at(u2, v2)];
  g.strokeStyle = g.fillStyle = "#ffeb3b";
  g.lineWidth = 1.5 * ratio;
  g.setLineDash([3 * ratio, 5 * ratio]);
  g.beginPath(); g.moveTo(...a); g.lineTo(...b); g.stroke();
  g.setLineDash([]);
  if (small || !text) return;
  g.font = `600 ${18 * ratio}px system-ui, sans-serif`;
  g.textAlign = "center";
  g.fillText(text, (a[0] + b[0]) / 2, Math.min(a[1], b[1]) - 14 * ratio);
}

function ruler(g, at, frame, ratio) {
  const step = frame.depth_cm > 12 ? 5 : 1;
  g.strokeStyle = g.fillStyle = "#8b98a5";
  g.lineWidth = ratio;
  g.font = `${13 * ratio}px system-ui, sans-serif`;
  g.textAlign = "left";
  for (let cm = 0; cm <= frame.depth_cm; cm += 1) {
    const [x, y] = at(frame.sector[2], frame.face[1] + cm * frame.px_per_cm[1]);
    const long = cm % step === 0;
    g.beginPath(); g.moveTo(x + 4 * ratio, y); g.lineTo(x + (long ? 12 : 7) * ratio, y); g.stroke();
    if (long && cm > 0) g.fillText(cm === step ? `${cm} cm` : `${cm}`, x + 16 * ratio, y + 4 * ratio);
  }
  const [x, y] = at(...frame.face); // the index marker: +x of the probe, on the right in every image
  g.fillStyle = "#4cc3ff";
  g.beginPath(); g.arc(x + 26 * ratio, y - 8 * ratio, 5 * ratio, 0, 2 * Math.PI); g.fill();
}

function coupling(g, at, frame, scale, ratio) {
  const groups = frame.coupling;
  if (!groups || !frame.opening) return;
  const [x, y] = at(...frame.face), radius = scale * frame.depth_cm * frame.px_per_cm[1] + 8 * ratio;
  g.lineWidth = 5 * ratio;
  groups.forEach((value, i) => {
    const from = Math.PI / 2 + frame.opening / 2 - (i * frame.opening) / groups.length, gap = 0.006;
    g.strokeStyle = value > 0.6 ? "#2f8f5d" : value > 0.3 ? "#9a6b1f" : "#5a2326";
    g.beginPath(); g.arc(x, y, radius, from - gap, from - frame.opening / groups.length + gap, true); g.stroke();
  });
}
