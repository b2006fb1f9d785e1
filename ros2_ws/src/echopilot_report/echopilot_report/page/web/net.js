// Requests to the server and the socket that pictures and states come through.

let token = "";

export class Refused extends Error {
  constructor(status, message) { super(message); this.status = status; }
}

export async function ask(path, body) {
  const options = body === undefined ? {} : {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-EchoPilot-Token": token },
    body: JSON.stringify(body),
  };
  let response;
  try {
    response = await fetch(path, { credentials: "same-origin", cache: "no-store", ...options });
  } catch {
    throw new Refused(0, "the server does not answer");
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) {
    throw new Refused(response.status, typeof answer.detail === "string" ? answer.detail : "this was not understood");
  }
  if (answer.token) token = answer.token;
  return answer;
}

const PING_MS = 2000, SILENT_MS = 3000;

// Reconnects by itself; `on` is called with every message, `lost` when the line breaks, `signedOut` when the session ended.
export class Link {
  constructor({ onText, onFrame, onOpen, onLost, onSignedOut }) {
    Object.assign(this, { onText, onFrame, onOpen, onLost, onSignedOut });
    this.pause = 300;
    this.offset = null; // of the server's clock to ours [ms]
    this.roundTrip = Infinity;
    this.closed = false;
    this.open();
    this.timer = setInterval(() => this.ping(), PING_MS);
  }

  open() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    this.socket = new WebSocket(`${scheme}://${location.host}/ws`);
    this.socket.binaryType = "arraybuffer";
    this.socket.onopen = () => { this.pause = 300; this.heard = performance.now(); this.roundTrip = Infinity; this.onOpen(); this.ping(); };
    this.socket.onmessage = ({ data }) => {
      this.heard = performance.now();
      if (typeof data !== "string") {
        this.send({ kind: "got" });
        this.onFrame(data);
        return;
      }
      const message = JSON.parse(data);
      if (message.kind === "pong") this.pong(message); else this.onText(message);
    };
    this.socket.onclose = ({ code }) => this.again(code);
  }

  async again(code) {
    if (this.closed) return;
    if (code === 4401) return this.end(true);
    this.onLost();
    await new Promise((wake) => setTimeout(wake, this.pause));
    this.pause = Math.min(2 * this.pause, 3000);
    try {
      await ask("/api/me");
    } catch (refused) {
      if (refused.status === 401) return this.end(true);
    }
    if (!this.closed) this.open();
  }

  end(isSignedOut = false) {
    if (this.closed) return;
    this.closed = true;
    clearInterval(this.timer);
    this.socket.close();
    if (isSignedOut) this.onSignedOut();
  }

  send(message) {
    if (this.socket.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(message));
    return true;
  }

  ping() {
    if (this.socket.readyState === WebSocket.OPEN && performance.now() - this.heard > SILENT_MS) this.socket.close();
    this.send({ kind: "ping", at: performance.now() });
  }

  pong({ at, now_ms }) {
    const now = performance.now(), trip = now - at;
    if (trip <= 1.5 * this.roundTrip) this.offset = now_ms - (at + now) / 2;
    this.roundTrip = Math.min(trip, this.roundTrip);
  }

  // Our time now on the server's clock [ms], null before it is known.
  serverNow() { return this.offset === null ? null : performance.now() + this.offset; }
}
