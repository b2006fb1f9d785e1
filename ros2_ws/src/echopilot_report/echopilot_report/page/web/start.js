// Start of an exam: protocol, checklist and password, then a confirmation within half a minute.

import { ask } from "./net.js";
import { say } from "./main.js";

const form = document.getElementById("start"), shade = document.getElementById("shade");
const first = form.querySelector(".first"), error = form.querySelector(".error"), submit = form.querySelector(".primary"), second = form.querySelector(".second");
let secret = "", countdown = 0;

export function openStart(me) {
  form.reset();
  reset();
  const list = document.getElementById("protocols");
  const usual = me.protocols.includes("full") ? "full" : me.protocols.at(-1);
  list.replaceChildren(...me.protocols.map((name) => {
    const label = document.createElement("label"), input = document.createElement("input"), text = document.createElement("span");
    Object.assign(input, { type: "radio", name: "protocol", value: name, required: true, checked: name === usual });
    text.textContent = name.charAt(0).toUpperCase() + name.slice(1);
    label.append(input, text);
    return label;
  }));
  form.hidden = shade.hidden = false;
  form.patient.focus();
}

export function closeStart() {
  reset();
  form.reset();
  form.hidden = shade.hidden = true;
}

function reset() {
  clearInterval(countdown);
  secret = error.textContent = "";
  submit.textContent = "Confirm";
  first.hidden = first.disabled = false;
  second.hidden = true;
}

form.querySelector(".cancel").addEventListener("click", closeStart);

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  error.textContent = "";
  submit.disabled = true;
  try {
    if (secret) await start(); else await confirm();
  } catch (refused) {
    reset();
    error.textContent = refused.message;
  } finally {
    submit.disabled = false;
  }
});

async function confirm() {
  const answer = await ask("/api/confirm", { protocol: form.protocol.value, patient: form.patient.value, password: form.password.value });
  form.password.value = "";
  secret = answer.secret;
  let left = Math.floor(answer.seconds);
  first.hidden = first.disabled = true; // disabled fields are not validated
  second.hidden = false;
  const update = () => {
    second.textContent = `The robot will move to the patient as soon as you press Start. Protocol ${form.protocol.value}, pseudonym ${form.patient.value}.`;
    submit.textContent = `Start (${left} s)`;
    if (left-- <= 0) reset();
  };
  update();
  countdown = setInterval(update, 1000);
  submit.focus();
}

async function start() {
  const used = secret;
  secret = "";
  const answer = await ask("/api/start", { secret: used });
  closeStart();
  say(answer.message, "");
}
