// Requests to the server, and the socket that transmits images and states.

let token = "";

export class Refused extends Error {
  constructor(status, message) { super(message); this.status = status; }
}

export async function ask(path, body, limitMs) {
  const options = body === undefined ? {} : {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-EchoPilot-Token": token },
    body: JSON.stringify(body),
  };
  let response;
  try {
    response = await fetch(path, { credentials: "same-origin", cache: "no-store", ...options, ...(limitMs && { signal: AbortSignal.timeout(limitMs) }) });
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

// The server sends ten states a second: a second without any message is a lost connection, whatever the socket says.
const PING_MS = 500, SILENT_MS = 1000, GIVE_UP_MS = 3000, ASK_MS = 2500;

// Reconnects by itself; `onText` and `onFrame` are called with every message, `onLost` when none comes any more,
// `onBack` when they come again, `onOpen` when a new socket opens, `onSignedOut` when the session has ended.
export class Link {
  constructor({ onText, onFrame, onOpen, onLost, onBack, onSignedOut }) {
    Object.assign(this, { onText, onFrame, onOpen, onLost, onBack, onSignedOut });
    this.pause = 300;
    this.offset = null; // of the server's clock to ours [ms]
    this.roundTrip = Infinity;
    this.closed = this.silent = false;
    this.pinged = this.watched = 0;
    this.open();
    this.timer = setInterval(() => this.watch(), 100);
  }

  open() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = (this.socket = new WebSocket(`${scheme}://${location.host}/ws`));
    this.heard = performance.now();
    socket.binaryType = "arraybuffer";
    socket.onopen = () => { this.pause = 300; this.heard = performance.now(); this.roundTrip = Infinity; this.silent = false; this.onOpen(); };
    socket.onmessage = ({ data }) => {
      this.heard = performance.now();
      if (this.silent) { this.silent = false; this.onBack(); }
      if (typeof data !== "string") {
        this.send({ kind: "got" });
        this.onFrame(data);
        return;
      }
      const message = JSON.parse(data);
      if (message.kind === "pong") this.pong(message); else this.onText(message);
    };
    socket.onclose = ({ code }) => this.again(code);
  }

  // Says that the line is lost as soon as nothing comes, and leaves a socket that stays silent without waiting for its end.
  watch() {
    const now = performance.now(), quiet = now - this.heard, late = now - this.watched > 500;
    this.watched = now;
    if (late) return; // this page was slow itself: what has come meanwhile is handled first
    if (quiet > SILENT_MS && !this.silent && this.socket.readyState === WebSocket.OPEN) { this.silent = true; this.onLost(); }
    if (quiet > GIVE_UP_MS && this.socket.onclose) { this.leave(); this.again(0); }
    if (now - this.pinged > PING_MS) { this.pinged = now; this.send({ kind: "ping", at: now }); }
  }

  leave() {
    this.socket.onopen = this.socket.onmessage = this.socket.onclose = null;
    this.socket.close();
  }

  async again(code) {
    this.socket.onclose = null;
    if (this.closed) return;
    if (code === 4401) return this.end(true);
    this.onLost();
    await new Promise((wake) => setTimeout(wake, this.pause));
    this.pause = Math.min(2 * this.pause, 3000);
    try {
      await ask("/api/me", undefined, ASK_MS);
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

  pong({ at, now_ms }) {
    const now = performance.now(), trip = now - at;
    if (trip <= 1.5 * this.roundTrip) this.offset = now_ms - (at + now) / 2;
    this.roundTrip = Math.min(trip, this.roundTrip);
  }

  // Our time now on the server's clock [ms], null before it is known.
  serverNow() { return this.offset === null ? null : performance.now() + this.offset; }
}
