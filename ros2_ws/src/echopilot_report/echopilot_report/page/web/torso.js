// Frontal view of the patient: landmarks, skin already covered, probe position and beam direction.

const SVG = "http://www.w3.org/2000/svg";
const TEMPLATE = { notch: -190, navel: 185 };
const HALF = "M0 -322 C34 -322 50 -318 52 -300 C53 -276 62 -262 98 -250 C150 -236 196 -226 212 -182 C222 -150 224 -112 224 -76 L188 -76 C186 -96 178 -106 171 -104 C170 -40 160 30 152 82 C146 122 147 152 158 192 C168 228 176 258 178 300 L0 300 Z";
const LINES = [
  "M10 -190 C50 -204 100 -224 160 -212", // clavicle
  "M16 -186 C22 -120 14 -60 3 0", // sternum
  "M3 0 C30 34 70 80 112 104", // costal margin
  "M22 -150 C80 -158 130 -132 152 -96", "M21 -116 C80 -120 132 -92 158 -52", "M17 -82 C76 -82 130 -50 156 -8", "M12 -50 C66 -46 122 -10 150 36", "M7 -20 C52 -10 106 30 138 72",
];

function make(parent, name, attributes, text) {
  const element = parent.appendChild(document.createElementNS(SVG, name));
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text) element.textContent = text;
  return element;
}

let cover, probe;

export function drawTorso() {
  const svg = document.getElementById("torso");
  svg.replaceChildren();
  svg.setAttribute("viewBox", "-236 -300 472 580");
  const body = make(svg, "g", { id: "torso-shape" });
  for (const mirror of [1, -1]) {
    const side = make(body, "g", { transform: `scale(${mirror} 1)` });
    make(side, "path", { d: HALF, fill: "#1b242d" });
    for (const d of LINES) make(side, "path", { d, fill: "none", stroke: "#2f3c49", "stroke-width": 3, "stroke-linecap": "round" });
  }
  make(body, "ellipse", { cx: 0, cy: TEMPLATE.navel, rx: 6, ry: 9, fill: "#0d1217" });
  make(svg, "text", { x: -226, y: 268, fill: "#92a0ad", "font-size": 30, "font-weight": 600 }, "R");
  make(svg, "text", { x: 226, y: 268, fill: "#92a0ad", "font-size": 30, "font-weight": 600, "text-anchor": "end" }, "L");
  cover = make(svg, "g", {});
  probe = make(svg, "g", { visibility: "hidden" });
  make(probe, "path", { id: "beam", d: "", stroke: "#4cc3ff", "stroke-width": 5, "stroke-linecap": "round", fill: "none" });
  const face = make(probe, "g", { id: "face" });
  make(face, "rect", { x: -26, y: -13, width: 52, height: 26, rx: 10, fill: "#e6edf3", stroke: "#07090c", "stroke-width": 3 });
  make(face, "circle", { cx: 16, cy: 0, r: 7, fill: "#4cc3ff" });
}

// The drawing is scaled so that notch and navel lie where the operator indicated them.
export function showBody({ notch, navel }) {
  const scale = (navel[1] - notch[1]) / (TEMPLATE.navel - TEMPLATE.notch), down = notch[1] - scale * TEMPLATE.notch;
  const across = (notch[0] + navel[0]) / 2;
  document.getElementById("torso-shape").setAttribute("transform", `translate(${across} ${down}) scale(${scale})`);
}

export function showCoverage({ cells }) {
  cover.replaceChildren();
  for (let i = 0; i < cells.length; i += 3) {
    const quality = cells[i + 2];
    make(cover, "circle", { cx: cells[i], cy: cells[i + 1], r: 5, fill: quality > 0.6 ? "#4fd08b" : quality > 0.35 ? "#ffb547" : "#8a4a3c", opacity: 0.75 });
  }
}

export function showProbe(pose) {
  probe.setAttribute("visibility", pose ? "visible" : "hidden");
  if (!pose) return;
  const [x, y] = pose.at, [mx, my] = pose.marker, [bx, by] = pose.beam;
  probe.setAttribute("transform", `translate(${x} ${y})`);
  document.getElementById("face").setAttribute("transform", `rotate(${(Math.atan2(my, mx) * 180) / Math.PI})`);
  document.getElementById("beam").setAttribute("d", `M0 0 l${70 * bx} ${70 * by}`);
}
