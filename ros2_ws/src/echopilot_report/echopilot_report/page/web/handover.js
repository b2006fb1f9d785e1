// Hand-over: what one operator stopped, another lets move only after the first agreed, or has gone.

import { ask } from "./net.js";
import { say } from "./main.js";

const form = document.getElementById("hand-over"), shade = document.getElementById("shade");
const title = form.querySelector("h2"), text = form.querySelector(".text"), password = form.querySelector(".field"), error = form.querySelector(".error");
const no = form.querySelector(".no"), yes = form.querySelector(".primary");
let me = null, hold = { by: [], ask: null }, mode = "", asked = false, mine = false;

const others = () => hold.by.filter(({ id }) => id !== me?.id);
const names = () => [...new Set(others().map(({ label }) => label))].join(" and ");

export const stoppedBy = () => names();

// True when others have to agree first; then the sheet for it opens.
export function needsHandOver(session) {
  me = session;
  if (!others().length) return false;
  open("ask");
  return true;
}

export function showHold(message, session) {
  me = session;
  const wasMine = mine;
  hold = message;
  mine = hold.by.some(({ id }) => id === me?.id);
  if (wasMine && !mine && hold.by.length) say(`${names()} has taken over what you stopped`, "alarm");
  if (hold.ask && hold.ask.id !== me?.id && mine) open("answer");
  else if (mode === "answer") closeHandOver();
  if (mode === "ask" && !others().length) {
    closeHandOver();
    say("Handed over to you: press Resume when all is clear.", "warn");
  }
  update();
}

export function closeHandOver() {
  mode = "";
  asked = false;
  form.reset();
  error.textContent = "";
  form.hidden = shade.hidden = true;
}

function open(next) {
  if (mode === next) return;
  closeHandOver();
  mode = next;
  form.hidden = shade.hidden = false;
  update();
  (mode === "answer" ? no : yes).focus();
}

function update() {
  if (!mode) return;
  const isOpen = hold.ask?.id === me?.id && Boolean(hold.ask), gone = others().every(({ present }) => !present);
  const mayTake = mode === "ask" && !isOpen && (gone || asked);
  password.hidden = !mayTake;
  password.querySelector("input").required = mayTake;
  yes.disabled = mode === "ask" && isOpen;
  [title.textContent, no.textContent, yes.textContent] =
    mode === "answer" ? ["Hand over?", "Refuse", "Hand over"] : [`Stopped by ${names()}`, "Close", mayTake ? "Take over" : "Ask for a hand-over"];
  text.textContent =
    mode === "answer" ? `${hold.ask.label} asks to let the robot move again, which you stopped. Without an answer nothing happens (${hold.ask.seconds} s).`
    : isOpen ? `Asked. Nothing moves until ${names()} agrees (${hold.ask.seconds} s).`
    : gone ? `${names()} has no page open. You may take over with your password; it is written down.`
    : asked ? "Not handed over. If the request was left unanswered, you may take over with your password; it is written down."
    : `Nothing moves until ${names()} agrees.`;
}

no.addEventListener("click", async () => {
  if (mode === "answer") await send("/api/hand-over", { what: "refuse" });
  closeHandOver();
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (mode === "answer") await send("/api/hand-over", { what: "agree" });
  else if (!password.hidden) await send("/api/take-over", { password: form.password.value });
  else asked = (await send("/api/hand-over", { what: "ask" })) || asked;
  form.password.value = "";
  update();
});

async function send(path, body) {
  error.textContent = "";
  try {
    say((await ask(path, body)).message, "");
    return true;
  } catch (refused) {
    error.textContent = refused.message;
    return false;
  }
}
