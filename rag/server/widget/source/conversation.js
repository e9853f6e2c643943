// The conversation: one article for each question, filled as its answer arrives. It lives in this page alone.

const SLOW = 6000;
const SECTIONS = ["help", "correction", "short_answer", "evidence", "unknown", "about_you"];
const LISTED = "evidence";

class Conversation {
  // `widget` shows the sheets and pins the lines; see element.js.
  constructor(widget) {
    this.widget = widget;
    this.log = el("div", { class: "log", role: "log", "aria-live": "polite", "aria-relevant": "additions", "aria-label": widget.t("conversation") });
    this.clear();
  }

  clear() {
    this.stopped?.abort();
    clearInterval(this.timer);
    this.history = [];
    this.token = null;
    this.busy = false;
    this.level = "none";
    this.log.replaceChildren();
  }

  stop() {
    this.stopped?.abort();
  }

  async ask(question) {
    if (this.busy) return;
    const turn = this.#begin(question);
    const stopped = new AbortController();
    this.stopped = stopped;
    try {
      await this.#answer(turn, stopped.signal);
    } catch (error) {
      if (!turn.article.isConnected) return; // cleared meanwhile
      if (stopped.signal.aborted) this.#remark(turn, this.widget.t("stopped"));
      else this.#fail(turn, error);
    } finally {
      if (this.stopped === stopped) this.#end(turn);
    }
  }

  #begin(question) {
    const t = this.widget.t;
    const turn = { question, shown: [], sections: {}, citations: [] };
    turn.status = el("p", { class: "status", text: t("working") });
    turn.body = el("div", { class: "answer" }, el("h3", { class: "hidden-text", text: t("answer") }), turn.status);
    turn.asked = el("div", { class: "asked" }, el("h3", { class: "hidden-text", text: t("you") }), el("p", { text: question, dir: "auto" }));
    turn.article = el("article", { class: "turn", tabindex: "-1" }, turn.asked, turn.body);
    this.log.append(turn.article);
    this.busy = true;
    this.timer = setInterval(() => { if (!turn.shown.length) turn.status.textContent = t("still_working"); }, SLOW);
    this.widget.turnBegan(turn.article);
    return turn;
  }

  #end(turn) {
    clearInterval(this.timer);
    turn.status.remove();
    this.busy = false;
    this.widget.turnEnded();
  }

  async #answer(turn, signal) {
    const on = {
      statement: (data) => this.#statement(turn, data),
      done: (data) => this.#done(turn, data),
    };
    const body = { question: turn.question, country: this.widget.country, history: this.#newest(), conversation: this.token };
    try {
      await this.widget.server.ask(body, on, signal);
    } catch (error) {
      if (error.what !== "lost") throw error;
      this.history = [];
      this.token = null;
      this.#remark(turn, this.widget.t("lost"));
      await this.widget.server.ask({ ...body, history: [], conversation: null }, on, signal);
    }
  }

  #newest() {
    return this.token ? this.history.slice(-this.widget.site.max_history_turns) : [];
  }

  #statement(turn, statement) {
    if (statement.section === "help" && statement.kind === "help" && !turn.shown.length) this.widget.pinEarly();
    turn.shown.push(statement);
    turn.status.textContent = "";
    const sentence = this.#sentence(turn, statement);
    const items = this.#section(turn, statement.section);
    if (statement.joins_previous && items.lastElementChild) items.lastElementChild.append(" ", sentence);
    else items.append(el(statement.section === LISTED ? "li" : "p", {}, sentence));
    this.#place(turn, statement.section);
  }

  #sentence(turn, statement) {
    const t = this.widget.t;
    const help = statement.section === "help" || statement.kind === "care";
    const words = help ? nodesOf(helpPieces(statement.text, this.widget.linesHere)) : [statement.text];
    const marks = (statement.citations ?? []).flatMap((citation) => {
      const name = t.fill("chip", { number: citation.number, name: shortName(citation.source, t) });
      const open = (event) => this.widget.showSources(turn.citations.length ? turn.citations : cited(turn), citation, event.currentTarget);
      return [" ", button(citation.number, open, { class: "cite", "aria-label": name, title: citation.source.evidence_label })];
    });
    return el("span", { class: "statement", lang: statement.section === "help" ? "" : "en" }, ...words, ...marks);
  }

  // Sections are made when their first sentence comes, and stand in reading order whatever comes first.
  #section(turn, name) {
    if (turn.sections[name]) return turn.sections[name];
    const t = this.widget.t;
    const items = el(name === LISTED ? "ul" : "div", { class: "items" });
    const heading = t(`section_${name}`, "");
    el("div", { class: `part ${name}`, "data-section": name }, heading ? el("h4", { text: heading }) : null, items);
    turn.sections[name] = items;
    return items;
  }

  // Put on the page with its first sentence in it, so that a screen reader says that once.
  #place(turn, name) {
    const part = turn.sections[name].parentNode;
    if (part.isConnected) return;
    const later = SECTIONS.slice(SECTIONS.indexOf(name) + 1).map((other) => turn.sections[other]?.parentNode).find(Boolean);
    turn.body.insertBefore(part, later ?? turn.status);
  }

  #done(turn, answer) {
    if (!sameBeginning(turn.shown, answer.statements)) this.#startOver(turn);
    turn.citations = answer.citations ?? [];
    if (answer.crisis_lines?.length) this.widget.pin(answer.crisis_lines, answer.behaviour === "emergency");
    else this.widget.unpin();
    turn.article.dataset.behaviour = answer.behaviour;
    if (answer.verdict) this.#verdict(turn, answer.verdict);
    for (const statement of answer.statements.slice(turn.shown.length)) this.#statement(turn, statement);
    this.#mentions(turn, answer.mentions ?? []);
    turn.body.append(...this.#ending(turn, answer));
    this.history.push(...(answer.turns ?? []));
    this.token = answer.conversation ?? null;
    this.level = answer.highest_triage ?? answer.triage ?? "none";
  }

  #startOver(turn) {
    for (const items of Object.values(turn.sections)) items.parentNode.remove();
    turn.sections = {};
    turn.shown = [];
  }

  #verdict(turn, verdict) {
    const place = turn.sections.correction ? "correction" : "short_answer";
    turn.body.classList.add("judged");
    this.#section(turn, place).parentNode.prepend(el("p", { class: "verdict", text: verdict, lang: "en" }));
    this.#place(turn, place);
  }

  #mentions(turn, mentions) {
    if (mentions.length) turn.body.prepend(el("p", { class: "mentions", text: mentions.join(" "), lang: "en" }));
  }

  #ending(turn, answer) {
    const { t } = this.widget;
    const parts = (answer.degraded ?? []).map((note) => el("p", { class: "missing", text: note.text, lang: "en" }));
    if (answer.notices?.length) {
      parts.push(el("div", { class: "notices" }, el("h4", { text: t("notices") }),
        el("ul", { lang: "en" }, ...answer.notices.map((notice) => el("li", { "data-notice": notice.id, text: notice.text })))));
    }
    if (answer.handover?.offered && this.widget.canHandOver) parts.push(this.#offer(answer.handover.reason));
    const after = el("div", { class: "after", "aria-live": "off" });
    if (turn.citations.length) {
      const open = (event) => this.widget.showSources(turn.citations, null, event.currentTarget);
      after.append(el("p", { class: "stamp" }, button(t.fill("evidence_count", { count: turn.citations.length }), open, { class: "quiet" }),
        ` ${t.fill("stamp", { fingerprint: answer.fingerprint })}`));
    }
    if (answer.suggestions?.length) after.append(this.#suggestions(answer.suggestions));
    return [...parts, after];
  }

  #offer(reason) {
    const { t } = this.widget;
    const open = (event) => this.widget.showHandOver(reason, event.currentTarget);
    return el("div", { class: "offer" }, el("p", { text: t("person_offer") }), button(t("person"), open, { class: "strong", "aria-haspopup": "dialog" }));
  }

  #suggestions(suggestions) {
    const asks = suggestions.map((text) => el("li", {}, button(text, () => this.ask(text), { class: "ask" })));
    return el("div", { class: "next" }, el("h4", { text: this.widget.t("ask_next") }), el("ul", { lang: "en" }, ...asks));
  }

  // Half an answer is taken back; help that was already given stays.
  #fail(turn, error) {
    for (const [name, items] of Object.entries(turn.sections)) if (name !== "help") items.parentNode.remove();
    const again = () => { turn.article.remove(); this.ask(turn.question); };
    turn.body.append(this.widget.failure(error, again));
    this.widget.askedInVain(turn.question);
  }

  #remark(turn, text) {
    turn.body.insertBefore(el("p", { class: "missing", text }), turn.status);
  }
}

// What has been cited so far, once each, for a mark opened before the answer is whole.
function cited(turn) {
  const found = new Map();
  for (const statement of turn.shown) for (const citation of statement.citations ?? []) found.set(citation.number, citation);
  return [...found.values()].sort((one, other) => one.number - other.number);
}

function sameBeginning(shown, statements) {
  return shown.every((one, place) => {
    const other = statements[place];
    return other && one.text === other.text && one.section === other.section;
  });
}
