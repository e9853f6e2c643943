// The conversation: one article for each question, filled as its answer arrives.

const SLOW = 4000;
const CHECK_EVERY = 5000;
const GIVE_UP = 120000;

export class Conversation {
  constructor(root, part, words, { evidence, help, send, onFailed }) {
    Object.assign(this, { root, part, words, evidence, help, send, onFailed });
    this.turns = [];
    this.current = null;
    this.limit = Number(root.dataset.turns);
  }

  get busy() {
    return this.current !== null;
  }

  ask(question, country, fromBox) {
    const fragment = this.part("turn").content.cloneNode(true);
    const article = fragment.querySelector("article");
    const turn = { id: newId(), question, article, seen: 0, cards: "", asked: performance.now() };
    article.turn = turn;
    this.#in(turn, "asked").textContent = question;
    this.#in(turn, "status").textContent = this.words.working;
    this.current = turn;
    this.root.classList.add("busy");
    this.part("log").append(fragment);
    this.#toTop(article, fromBox);
    turn.timer = setInterval(() => this.#check(turn), SLOW);
    this.send({ request: turn.id, question, country, history: this.#history() });
  }

  // A packet holds the whole turn so far; only what is new is put on the page.
  show(packet) {
    const turn = this.current;
    if (!turn || packet.request !== turn.id) return;
    const items = packet.items.slice(turn.seen);
    turn.seen = packet.items.length;
    if (packet.cards && packet.cards !== turn.cards) {
      turn.cards = packet.cards;
      this.evidence.show(turn);
    }
    for (const item of items) this[`_${item.do}`]?.(turn, item);
  }

  turnOf(node) {
    return node.closest("article").turn;
  }

  clear() {
    if (this.current) this.#end(this.current);
    this.turns = [];
    this.part("log").replaceChildren();
  }

  _status(turn, item) {
    this.#in(turn, "status").textContent = item.text;
  }

  _mentions(turn, item) {
    reveal(this.#in(turn, "mentions"), item.text);
  }

  _verdict(turn, item) {
    turn.article.querySelector(".answer").classList.add("judged");
    reveal(this.#in(turn, "verdict"), item.text);
  }

  _pin(turn, item) {
    this.help.pin(item.html, item.emergency);
  }

  _statement(turn, item) {
    const section = turn.article.querySelector(`[data-section="${item.section}"]`);
    section.hidden = false;
    const items = section.querySelector(".items");
    const sentence = fromHtml(item.html);
    if (item.joins && items.lastElementChild) items.lastElementChild.append(" ", sentence);
    else items.append(block(items.matches("ul") ? "li" : "p", sentence));
    this.#in(turn, "status").textContent = "";
  }

  _restart(turn) {
    this.#remove(turn, "[data-section]");
  }

  #remove(turn, sections) {
    for (const section of turn.article.querySelectorAll(sections)) {
      section.hidden = true;
      section.querySelector(".items").replaceChildren();
    }
  }

  _done(turn, item) {
    const { text, plain, markdown, answer } = item;
    Object.assign(turn, { text, plain, markdown, answer });
    turn.article.dataset.behaviour = item.behaviour;
    this.#in(turn, "ending").append(fromHtml(item.html));
    if (!turn.cards) this.evidence.show(turn);
    this.turns.push(turn);
    this.#end(turn);
  }

  _failed(turn) {
    this.#fail(turn, "answer");
  }

  // Half an answer is taken back; help that was already given stays.
  #fail(turn, what) {
    this.#remove(turn, '[data-section]:not([data-section="help"])');
    this.#in(turn, "ending").replaceChildren(this.help.failed(what));
    this.#end(turn);
    this.onFailed(turn.question);
  }

  #end(turn) {
    clearInterval(turn.timer);
    this.#in(turn, "status").remove();
    this.current = null;
    this.root.classList.remove("busy");
  }

  // Gradio does not tell the page when the server is gone, so a slow answer is looked after.
  async #check(turn) {
    if (turn !== this.current) return;
    if (turn.seen === 0) this.#in(turn, "status").textContent = this.words.still_working;
    const waited = performance.now() - turn.asked;
    if (waited > GIVE_UP) { this.#fail(turn, "connection"); return; }
    const reached = await fetch("/healthz", { signal: AbortSignal.timeout(CHECK_EVERY) }).then((r) => r.ok, () => false);
    if (!reached && turn === this.current) this.#fail(turn, "connection");
  }

  #history() {
    return this.turns.slice(-Math.floor(this.limit / 2)).flatMap((turn) => [
      { role: "user", content: turn.question },
      { role: "assistant", content: turn.text },
    ]);
  }

  // The question goes to the top, so that the answer is read from its beginning.
  #toTop(article, fromBox) {
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    article.scrollIntoView({ block: "start", behavior: calm ? "auto" : "smooth" });
    if (fromBox) return;
    article.tabIndex = -1;
    article.focus({ preventScroll: true });
  }

  #in(turn, role) {
    return turn.article.querySelector(`[data-role="${role}"]`) ?? document.createElement("p");
  }
}

export function fromHtml(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

// Filled before it is put on the page, so that a screen reader says it once.
function block(tag, content) {
  const made = document.createElement(tag);
  made.append(content);
  return made;
}

function reveal(node, text) {
  node.textContent = text;
  node.hidden = false;
}

function newId() {
  return [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
