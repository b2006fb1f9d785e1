// The page: sign-in, live view and requests. The server checks every request again.

import { ask, Link } from "./net.js";
import { COLORS, draw, NAMES, unpack } from "./image.js";
import { showForce } from "./force.js";
import { drawTorso, showBody, showCoverage, showProbe } from "./torso.js";
import { addFinding, addLog, addMeasurement, addShot, element, isLatched, newExam, showLooks, showPlan, showReport, showState, showSteps, viewName } from "./panels.js";
import { openStart, closeStart } from "./start.js";
import { closeHandOver, needsHandOver, showHold, stoppedBy } from "./handover.js";

const $ = (id) => document.getElementById(id);
const OLD_MS = 700, GONE_MS = 1500, ROBOT_SILENT_S = 1.0, STOP_MS = 800;
const WAITING = ["OPERATOR_STOPPED", "SAFETY_STOPPED"];

let me = null, link = null, state = null, frame = null, frameAt = 0, connected = false, outlines = true, stopDoubt = "";
const shown = [];

// Sign-in

async function begin() {
  try {
    enter(await ask("/api/me"));
  } catch {
    leave();
  }
}

$("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target, error = form.querySelector(".error");
  error.textContent = "";
  try {
    enter(await ask("/api/sign-in", { role: form.role.value, password: form.password.value, name: form.elements.namedItem("name").value }));
  } catch (refused) {
    error.textContent = refused.message;
  }
  form.password.value = "";
});

function enter(answer) {
  me = answer;
  document.body.classList.remove("signed-out");
  $("who").textContent = me.name ? `${me.name}, ${me.role}` : me.role;
  drawTorso();
  link = new Link({ onText, onFrame, onOpen: () => { connected = true; newExam(); tick(); }, onLost: () => { connected = false; tick(); }, onBack: () => { connected = true; tick(); }, onSignedOut: leave });
  $("stop").focus();
}

function leave() {
  link?.end();
  me = link = state = frame = null;
  connected = false;
  document.body.classList.add("signed-out");
  document.body.classList.remove("stopped", "lost", "old");
  closeStart();
  closeHandOver();
  $("sign-in").password.focus();
}

$("sign-out").addEventListener("click", async () => {
  await ask("/api/sign-out", {}).catch(() => {});
  leave();
});

// Received messages

const HANDLERS = {
  state: (message) => { state = message; show(); },
  plan: showPlan, shot: addShot, coverage: showCoverage, body: showBody, finding: addFinding, measurement: addMeasurement, log: addLog,
  new_exam: newExam, hold: (message) => showHold(message, me), report: showReport,
};

function onText(message) { HANDLERS[message.kind]?.(message); }

async function onFrame(buffer) {
  const next = await unpack(buffer);
  frame?.image.close();
  frame = next;
  frameAt = performance.now();
  shown.push(frameAt);
  requestAnimationFrame(paint);
}

function paint() {
  if (!frame) return;
  draw($("image"), frame, { outlines });
  $("view").textContent = !frame.view ? "Image alone" : frame.view === "NONE" ? "No view" : viewName(frame.view);
  $("view-sure").textContent = frame.view ? `${Math.round(100 * frame.view_p)} %${frame.foreign > 0.5 ? ", out of distribution" : ""}` : "results of perception are late";
  const quality = frame.quality ?? null;
  $("quality").textContent = quality === null ? "-" : `${Math.round(100 * quality)} %`;
  $("quality").dataset.level = quality === null ? "" : quality > 0.6 ? "good" : quality > 0.35 ? "warn" : "alarm";
  const names = outlines ? [...new Set((frame.outlines || []).map(([name]) => name))] : [];
  if ($("classes").dataset.names !== names.join()) {
    $("classes").dataset.names = names.join();
    $("classes").replaceChildren(...names.map((name) => {
      const swatch = element("i");
      swatch.style.background = COLORS[name];
      return element("li", {}, swatch, NAMES[name] || name);
    }));
  }
  $("tag-frozen").hidden = !frame.frozen;
}

function show() {
  showState(state);
  showForce(state.force);
  showProbe(state.pose);
  showSteps(state.exam);
  showLooks(state.exam);
  if (isLatched(state.safety)) stopDoubt = "";
  buttons();
}

// Ages and banner

function tick() {
  const now = performance.now(), sinceFrame = frame ? now - frameAt : Infinity;
  while (shown.length && shown[0] < now - 2000) shown.shift();
  const serverNow = link?.serverNow() ?? null;
  const age = frame && frame.acquired_ms !== null && serverNow !== null && connected ? serverNow - frame.acquired_ms : null;
  chip("chip-age", age === null ? "-" : age < 1000 ? `${Math.round(age)} ms` : `${(age / 1000).toFixed(1)} s`, age === null || age < 250 ? "" : age < 1000 ? "warn" : "alarm");
  chip("chip-fps", `${(shown.length / 2).toFixed(0)}/s`, shown.length < 8 ? "warn" : "");
  chip("chip-network", frame?.network_ms ? `${frame.network_ms.toFixed(0)} ms` : "-", "");
  chip("chip-time", state?.time_factor != null ? `× ${state.time_factor.toFixed(2)}` : "-", "");
  $("tag-stale").hidden = !connected || sinceFrame < OLD_MS || sinceFrame === Infinity;
  $("tag-stale").textContent = `Image ${(sinceFrame / 1000).toFixed(1)} s old`;
  document.body.classList.toggle("lost", !connected);
  document.body.classList.toggle("old", connected && sinceFrame > GONE_MS);
  banner(sinceFrame);
}

function chip(id, text, level) {
  $(id).textContent = text;
  $(id).dataset.level = level;
}

function banner(sinceFrame) {
  const last = sinceFrame === Infinity ? "No image yet" : `Last image ${(sinceFrame / 1000).toFixed(0)} s ago`;
  const silent = state?.robot_age_s;
  let text = "", level = "alarm";
  if (me && !connected) text = `Connection lost. ${last}. All values are old. STOP may not arrive: use the emergency stop.`;
  else if (stopDoubt) text = stopDoubt;
  else if (silent != null && silent > ROBOT_SILENT_S) [text, level] = [`No state from the robot for ${silent.toFixed(0)} s.`, "warn"];
  else if (isLatched(state?.safety)) text = `Stopped by safety: ${state.safety.reasons.join(", ").replaceAll("_", " ").toLowerCase()}${stoppedBy() ? ` (${stoppedBy()})` : ""}. ${state.force.now > 1 ? "The probe still presses: lift it off or take it off by hand, then resume." : "Resume when all is clear."}`;
  const element_ = $("banner");
  if (element_.textContent !== text) element_.textContent = text;
  element_.dataset.level = level;
  element_.hidden = !text;
}

setInterval(tick, 200);
new ResizeObserver(() => paint()).observe($("live"));

// Requests

export async function stop() {
  if (!me) return;
  const isSent = link?.send({ kind: "stop" });
  const doubt = setTimeout(() => { if (!isLatched(state?.safety)) { stopDoubt = "STOP is not confirmed: use the emergency stop."; tick(); } }, STOP_MS);
  say("STOP sent", "alarm");
  try {
    say((await ask("/api/do/stop", {})).message, "alarm");
    clearTimeout(doubt);
  } catch (refused) {
    say(refused.message, "alarm");
    if (!isSent || refused.status !== 0) stopDoubt = `STOP is not confirmed: ${refused.message}.`;
    tick();
  }
}

async function request(action) {
  try {
    say((await ask(`/api/do/${action}`, {})).message, "");
  } catch (refused) {
    say(refused.message, "warn");
  }
}

export function say(text, level) {
  $("said").textContent = text;
  $("said").dataset.level = level;
}

function buttons() {
  const exam = state?.exam, active = Boolean(exam?.active), waits = active && WAITING.includes(exam.state), latched = isLatched(state?.safety);
  const can = {
    start: connected && !active && !latched,
    pause: active && !waits,
    "lift-off": latched,
    resume: waits || latched,
    skip: active && (waits ? !latched : true),
    freeze: !active || waits || Boolean(frame?.frozen),
  };
  for (const [name, possible] of Object.entries(can)) {
    const button = $(`do-${name}`), may = me?.may.includes(name);
    button.disabled = !possible || !may;
    button.title = may ? "" : `not permitted for ${me?.role}${me?.local ? "" : " on a remote machine"}`;
  }
  $("do-freeze").firstChild.textContent = frame?.frozen ? "Unfreeze" : "Freeze";
}

const ACTIONS = {
  start: () => openStart(me),
  pause: () => request("pause"),
  "lift-off": () => needsHandOver(me) || request("lift-off"), resume: () => needsHandOver(me) || request("resume"), skip: () => needsHandOver(me) || request("skip"),
  freeze: () => request(frame?.frozen ? "unfreeze" : "freeze"),
};
for (const [name, act] of Object.entries(ACTIONS)) $(`do-${name}`).addEventListener("click", act);
$("stop").addEventListener("pointerdown", stop);
$("stop").addEventListener("click", (event) => { if (event.detail === 0) stop(); }); // Enter, and screen readers

function toggleOutlines() {
  outlines = !outlines;
  $("overlay").setAttribute("aria-pressed", String(outlines));
  paint();
}
$("overlay").addEventListener("click", toggleOutlines);

// Space and Escape stop, whatever has the focus; in a text field or a checkbox, Space keeps its usual function.
window.addEventListener("keydown", (event) => {
  if (!me) return;
  const types = event.target instanceof HTMLInputElement;
  if (event.key === "Escape" || (event.key === " " && !types)) {
    event.preventDefault();
    event.stopPropagation();
    if (!event.repeat) stop();
    if (event.key === "Escape") { closeStart(); closeHandOver(); }
    return;
  }
  if (types || event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
  const button = { e: "do-start", p: "do-pause", l: "do-lift-off", r: "do-resume", k: "do-skip", f: "do-freeze", o: "overlay" }[event.key.toLowerCase()];
  if (button && !$(button).disabled && $("shade").hidden) $(button).click();
}, true);

begin();
