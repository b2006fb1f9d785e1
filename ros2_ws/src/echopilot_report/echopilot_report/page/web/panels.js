// State, steps with their images, findings, measurements and log.

import { draw, fromBase64, unpack } from "./image.js";

const $ = (id) => document.getElementById(id);
const LOG_LINES = 300;

const STATES = {
  IDLE: ["Ready", "idle"], DONE: ["Finished", "good"], ABORTED: ["Aborted", "alarm"], SAFETY_STOPPED: ["Stopped", "alarm"],
  OPERATOR_STOPPED: ["Paused", "warn"], IMAGE_STALE: ["Image stale", "warn"], CONTACT_LOST: ["Contact lost", "warn"],
  SAFETY_HOLD: ["Safety hold", "warn"], CONTROLLER_SILENT: ["No controller", "alarm"], VIEW_NOT_FOUND: ["Not found", "warn"],
};
const VIEWS = { AORTA_TRANS: "Aorta, transverse", AORTA_LONG: "Aorta, longitudinal", SC_IVC: "Vena cava", PSAX_AV: "Short axis, aortic valve", PSAX_MV: "Short axis, mitral", PSAX_PM: "Short axis, papillary", PLAX: "Long axis" };
const FINDINGS = {
  ANEURYSM_ABDOMINAL: "Abdominal aneurysm", DILATED_ROOT: "Dilated aortic root", THROMBUS: "Thrombus", DISSECTION_FLAP: "Dissection flap", EFFUSION: "Effusion",
  REDUCED_EF: "Reduced ejection fraction", FORESHORTENED: "Foreshortened view", NO_CONTACT: "No contact", WRONG_ORGAN: "Wrong organ",
};
const MEASUREMENTS = [["aorta_max_outer_ap", "Largest aortic diameter"], ["ef_", "Ejection fraction"], ["lv_edv", "LV end-diastolic"], ["lv_esv", "LV end-systolic"], ["aorta_", "Aortic diameter"], ["la_", "LA volume"]];
const CONVENTIONS = { OUTER_TO_OUTER: "outer to outer", INNER_TO_INNER: "inner to inner", LEADING_EDGE: "leading edge" };
const LOOKED = { OPEN: ["open", "warn"], CONFIRMED: ["confirmed", "alarm"], WITHDRAWN: ["withdrawn", "good"] };
const OUTCOMES = { SUCCEEDED: ["acquired", "good"], NOT_FOUND: ["not found", "warn"], ABORTED: ["aborted", "warn"], PREEMPTED: ["skipped", "warn"] };

export const viewName = (view) => VIEWS[view] || view.replaceAll("_", " ");
const words = (name) => { const text = name.replaceAll("_", " ").toLowerCase(); return text.charAt(0).toUpperCase() + text.slice(1); };

export function element(name, attributes = {}, ...children) {
  const made = Object.assign(document.createElement(name), attributes);
  made.append(...children);
  return made;
}

export function showState(state) {
  const { exam, safety, control } = state;
  const [name, level] = exam ? STATES[exam.state] || [words(exam.state), "info"] : ["Waiting", "idle"];
  const text = stateText(exam, safety, control);
  if ($("state-name").textContent !== name) $("state-name").textContent = name;
  if ($("state-text").textContent !== text) $("state-text").textContent = text;
  $("state").dataset.level = level;
  const percent = Math.round(100 * (exam && exam.active ? exam.progress : exam && exam.state === "DONE" ? 1 : 0));
  $("progress").firstElementChild.style.width = `${percent}%`;
  $("progress").setAttribute("aria-valuenow", percent);
  document.body.classList.toggle("stopped", isLatched(safety));
}

export const isLatched = (safety) => Boolean(safety) && (safety.mode === "STOPPED" || safety.mode === "RETRACT");

function stateText(exam, safety, control) {
  if (!exam) return "waiting for the graph";
  if (!exam.active) return exam.message;
  if (exam.state === "OPERATOR_STOPPED") return "the probe is off the skin; resume or skip the view";
  if (exam.state === "SAFETY_STOPPED") return (safety?.reasons || []).map(words).join(", ");
  const doing = exam.waits.includes(": ") ? exam.waits.slice(exam.waits.indexOf(": ") + 2) : exam.message;
  const far = exam.state === "SWEEP" && control?.station_mm !== null && control ? `, ${control.station_mm} mm` : "";
  return exam.view === "NONE" ? doing : `${viewName(exam.view)}: ${doing}${far}`;
}

// Steps: the plan lists all steps, shots are the results of finished ones.

let plan = [], shots = [], current = "", looked = "";

export function newExam() {
  shots = [];
  for (const id of ["findings", "looks", "measurements"]) $(id).replaceChildren();
  looked = "";
  $("log").replaceChildren();
  $("no-results").hidden = false;
  $("report").hidden = true;
  showSteps(null);
}

export function showPlan(message) {
  plan = message.steps;
  current = "";
}

export function addShot(shot) {
  shots.push(shot);
  current = "";
}

export function showSteps(exam) {
  const put = exam?.active && plan.length ? exam.steps - plan.length : 0; // second looks come after the present step
  if (put > 0) plan.splice(exam.step + 1, 0, ...Array.from({ length: put }, () => ({ view: "", what: "" })));
  const key = JSON.stringify([exam?.active, exam?.step, exam?.steps, exam?.view, shots.length, plan.length]);
  if (key === current) return;
  current = key;
  const list = $("step-list"), active = Boolean(exam?.active);
  const total = Math.max(active ? exam.steps : 0, shots.length);
  list.replaceChildren();
  $("no-steps").hidden = total > 0;
  for (let i = 0; i < total; i += 1) {
    const shot = shots[i], isNow = active && i === exam.step && !shot;
    const view = shot?.view || (isNow ? exam.view : plan[i]?.view) || "";
    const kind = plan[i]?.what === "sweep" ? ", sweep" : "";
    const thumb = shot?.image ? element("canvas", { width: 96, height: 68 }) : element("div", { className: "blank", textContent: String(i + 1) });
    const [said, level] = shot ? OUTCOMES[shot.outcome] || [words(shot.outcome), ""] : isNow ? ["now", "info"] : ["pending", ""];
    const detail = shot ? `${shot.seconds} s. ${shot.detail}` : "";
    const text = element("div", {}, element("strong", { textContent: view ? viewName(view) + kind : "Next step" }), element("span", {}, element("b", { className: level, textContent: said }), detail ? `, ${detail}` : ""));
    const item = list.appendChild(element("li", { className: isNow ? "now" : "", title: detail }, thumb, text));
    if (isNow) item.setAttribute("aria-current", "step");
    if (shot?.image) thumbnail(thumb, shot);
  }
}

async function thumbnail(canvas, shot) {
  shot.frame ||= await unpack(fromBase64(shot.image));
  draw(canvas, shot.frame, { small: true });
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `image of ${viewName(shot.view)}`);
}

// Findings, measurements, log

export function addFinding({ what, probability, view, text, borderline }) {
  $("no-results").hidden = true;
  const sure = probability === null ? "" : probability > 0.99 ? ", over 99 %" : `, ${Math.round(100 * probability)} %`;
  const key = `${what} ${view}`;
  $("findings").querySelector(`[data-key="${key}"]`)?.remove();
  const item = element("li", { title: text }, element("strong", { textContent: FINDINGS[what] || words(what) }), element("span", { textContent: `suspected by software${borderline ? ", borderline" : sure}; needs review` }));
  item.dataset.key = key;
  $("findings").append(item);
}

// Suspicions that the exam goes back to: with what outcome and why, from the state of the exam.
export function showLooks(exam) {
  const key = JSON.stringify(exam?.suspicions ?? []);
  if (!exam || key === looked) return;
  looked = key;
  const rows = exam.suspicions.map(({ what, outcome, text }) => {
    const [said, level] = LOOKED[outcome] || [words(outcome), ""];
    return element("li", { title: text }, element("strong", { textContent: FINDINGS[what] || words(what) }), element("span", {}, element("b", { className: level, textContent: said }), `, second look: ${text}`));
  });
  $("looks").replaceChildren(...rows);
  if (rows.length) $("no-results").hidden = true;
}

export function addMeasurement({ name, value, sigma, unit, view, convention, passed, gate_reason }) {
  $("no-results").hidden = true;
  const label = MEASUREMENTS.find(([start]) => name.startsWith(start))?.[1] || words(name);
  const number = passed && value !== null ? element("output", {}, String(value), element("small", { textContent: ` ${unit}${sigma ? ` ± ${sigma}` : ""}` })) : element("output", { textContent: "refused" });
  const note = passed ? [viewName(view), CONVENTIONS[convention]].filter(Boolean).join(", ") : gate_reason;
  const rank = MEASUREMENTS.findIndex(([start]) => name.startsWith(start));
  const item = element("li", { className: passed ? "" : "refused" }, element("span", {}, label, element("small", { textContent: ` ${note}` })), number);
  item.dataset.key = name;
  item.dataset.rank = rank < 0 ? MEASUREMENTS.length : rank;
  const list = $("measurements"); // the most important first, so that it is seen without scrolling
  list.querySelector(`[data-key="${CSS.escape(name)}"]`)?.remove();
  list.insertBefore(item, [...list.children].find((other) => Number(other.dataset.rank) > Number(item.dataset.rank)) ?? null);
}

export function addLog({ at, text, level }) {
  const log = $("log"), box = $("log-lines"), time = new Date(1000 * at);
  const isAtEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
  log.append(element("li", { className: level }, element("time", { textContent: time.toTimeString().slice(0, 8), dateTime: time.toISOString() }), element("span", { textContent: text })));
  while (log.children.length > LOG_LINES) log.firstElementChild.remove();
  if (isAtEnd) box.scrollTop = box.scrollHeight;
}

export function showReport({ name }) {
  $("report").hidden = false;
  $("report").firstElementChild.title = name;
}
