// What the widget asks of the server. No cookies, no credentials, nothing stored.

const FIRST_BYTE = 30000;
const BETWEEN_BYTES = 45000;

class Problem extends Error {
  // `what`: busy, refused, lost (the conversation), answer or connection.
  constructor(what, told = {}) {
    super(what);
    this.what = what;
    this.lines = Array.isArray(told.crisis_lines) ? told.crisis_lines : [];
  }

  static of(status, told) {
    const what = { 401: "refused", 403: "refused", 404: "refused", 429: "busy", 503: "busy" }[status] ?? "answer";
    return new Problem(told.code === "conversation-invalid" ? "lost" : what, told);
  }
}

class Server {
  constructor(base, site) {
    this.base = base.replace(/\/+$/, "");
    this.site = site;
  }

  async about(country) {
    const answer = await this.#send("/v1/site", { method: "GET" }, country);
    return answer.json();
  }

  // Calls `on[event](data)` for each event until the answer is whole.
  async ask(body, on, signal) {
    const watch = new Watch(signal);
    try {
      const answer = await this.#send("/v1/chat", this.#post(body, "text/event-stream", watch.signal), body.country);
      if (!answer.headers.get("content-type")?.startsWith("text/event-stream")) {
        on.done(await answer.json());
        return;
      }
      for await (const { name, data } of events(answer.body, () => watch.alive())) {
        if (name === "error") throw Problem.of(data.status, data);
        on[name]?.(data);
        if (name === "done") return;
      }
      throw new Problem("connection");
    } catch (error) {
      throw error instanceof Problem || signal.aborted ? error : new Problem("connection");
    } finally {
      watch.end();
    }
  }

  async handOver(body, key, country) {
    const watch = new Watch(new AbortController().signal);
    try {
      const sent = this.#post(body, "application/json", watch.signal, { "Idempotency-Key": key });
      return await (await this.#send("/v1/handover", sent, country)).json();
    } finally {
      watch.end();
    }
  }

  #post(body, accept, signal, headers = {}) {
    return { method: "POST", headers: { "Content-Type": "application/json", Accept: accept, ...headers }, body: JSON.stringify(body), signal };
  }

  async #send(path, options, country) {
    const query = new URLSearchParams(Object.entries({ site: this.site, country }).filter(([, value]) => value));
    const fixed = { credentials: "omit", cache: "no-store", referrerPolicy: "no-referrer", mode: "cors" };
    let answer;
    try {
      answer = await fetch(`${this.base}${path}?${query}`, { ...options, ...fixed });
    } catch {
      throw new Problem("connection");
    }
    if (answer.ok) return answer;
    throw Problem.of(answer.status, await answer.json().catch(() => ({})));
  }
}

// Gives up on a server that has gone quiet, and when the person stops.
class Watch {
  #gone = new AbortController();

  constructor(signal) {
    this.signal = AbortSignal.any([signal, this.#gone.signal]);
    this.#wait(FIRST_BYTE);
  }

  alive() {
    this.#wait(BETWEEN_BYTES);
  }

  end() {
    clearTimeout(this.timer);
  }

  #wait(milliseconds) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#gone.abort(), milliseconds);
  }
}

// Server-sent events, read from a response so that a question can be posted.
async function* events(body, onBytes) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    onBytes();
    const blocks = (rest + value).split(/\r\n\r\n|\n\n|\r\r/);
    rest = blocks.pop();
    for (const block of blocks) {
      const event = parsed(block);
      if (event) yield event;
    }
  }
}

function parsed(block) {
  let name = "message";
  const data = [];
  for (const line of block.split(/\r\n|\n|\r/)) {
    const match = /^(event|data): ?(.*)$/.exec(line);
    if (match?.[1] === "event") name = match[2];
    else if (match) data.push(match[2]);
  }
  return data.length ? { name, data: JSON.parse(data.join("\n")) } : null;
}
