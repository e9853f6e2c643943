// The element <kratom-evidence>: its frame, its keyboard, and what its parts ask of it.

const NARROW = "(max-width: 40rem), (max-height: 34rem)";
const CONTEXT_PAIRS = 10;
const CONTEXT_LIMIT = 500;
const LEAVE_TO = "about:blank";

class KratomEvidence extends HTMLElement {
  static observedAttributes = ["open", "context", "country", "lang"];

  #built = false;
  #context = {};
  #opener = null;
  #alone = null;

  connectedCallback() {
    if (this.#built) return;
    this.#built = true;
    this.#setUp();
    this.#build();
    if (this.inline) this.#start();
    else if (this.hasAttribute("open")) this.show();
  }

  // On a shared computer nothing may stay behind when the element or the page goes.
  disconnectedCallback() {
    if (this.#built && !this.isConnected) this.clear();
  }

  attributeChangedCallback(name, before, now) {
    if (!this.#built || before === now) return;
    if (name === "open" && !this.inline) now === null ? this.hide() : this.show();
    if (name === "context") this.context = now;
    if (name === "country") this.#chooseCountry(now);
    if (name === "lang") this.#rebuild();
  }

  /** Opens the panel and puts the focus into it. */
  show() {
    if (!this.#built || this.inline || this.panel.open) return;
    this.#frame();
    this.toggleAttribute("open", true);
    this.launcher.setAttribute("aria-expanded", "true");
    this.#start();
    this.#focusIn();
    this.#tell("open");
  }

  /** Closes the panel; the conversation stays until it is cleared or the page is left. */
  hide() {
    if (!this.#built || this.inline || !this.panel.open) return;
    this.panel.close();
    this.launcher.setAttribute("aria-expanded", "false");
    this.removeAttribute("open");
    this.launcher.focus();
    this.#tell("close");
  }

  /** Forgets the conversation. */
  clear() {
    this.conversation.clear();
    this.unpin();
    this.closeSheet(false);
    this.box.value = "";
    this.#fit();
    this.turnEnded();
  }

  /** What the page tells a person at the help-desk: a text, or up to ten named texts. It is shown, and goes nowhere else. */
  get context() {
    return { ...this.#context };
  }

  set context(value) {
    this.#context = readContext(value);
    if (this.#built) this.#showContext();
  }

  get inline() {
    return this.getAttribute("position") === "inline";
  }

  get linesHere() {
    return this.lines.of(this.country);
  }

  get canHandOver() {
    return Boolean(this.site.handover?.available);
  }

  mainLines(lines = this.linesHere, urgent = false) {
    return this.lines.main(lines, urgent);
  }

  #setUp() {
    this.server = new Server(webAddress(this.getAttribute("server")) ?? SCRIPT_BASE, this.getAttribute("site") ?? "");
    this.site = { max_question_chars: CONFIG.limit, max_history_turns: CONFIG.turns };
    this.lines = new Lines(CONFIG.lines, CONFIG.pinned_kinds);
    this.t = labels(this.getAttribute("lang"));
    this.country = this.lines.choose(this.getAttribute("country"), fromBrowser(), CONFIG.country);
    this.#context = { ...readContext(this.getAttribute("context")), ...this.#context };
    this.conversation = new Conversation(this);
    window.addEventListener("pagehide", () => this.clear());
    window.matchMedia(NARROW).addEventListener("change", () => this.panel.open && this.#reframe());
  }

  #build() {
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [STYLE];
    const { t } = this;
    this.#talk();
    this.pinned = el("div", { class: "pinned", role: "alert" });
    this.spoken = el("p", { class: "hidden-text", role: "status" });
    this.sheet = el("div", { class: "sheet", role: "dialog", "aria-labelledby": "sheet-title", hidden: true });
    const body = el("div", { class: "body" }, this.talk, this.sheet);
    const parts = [this.#bar(), this.pinned, body, this.spoken];
    this.panel = this.inline
      ? el("section", { class: "panel", "aria-labelledby": "title" }, ...parts)
      : el("dialog", { class: "panel", "aria-labelledby": "title" }, ...parts);
    this.launcher = button(t("open"), () => this.show(), { class: "launcher", "aria-haspopup": "dialog", "aria-expanded": "false" });
    const frame = el("div", { class: "frame", lang: t.lang }, this.inline ? null : this.launcher, this.panel);
    frame.addEventListener("keydown", (event) => this.#key(event));
    this.panel.addEventListener("cancel", (event) => { event.preventDefault(); this.#escape(); });
    this.panel.addEventListener("close", () => this.#alone ?? this.#closedByBrowser());
    root.replaceChildren(frame);
    this.#showContext();
    this.#fit();
  }

  // Another language of labels; what has been said stays.
  #rebuild() {
    const open = !this.inline && this.panel.open;
    this.t = labels(this.getAttribute("lang"));
    this.#build();
    if (open) this.#frame();
    if (this.site.id !== undefined) this.#greet();
  }

  #bar() {
    const { t } = this;
    return el("div", { class: "bar" },
      el("h2", { id: "title", text: t("name") }),
      el("div", { class: "bar-actions" },
        button(t("help"), (event) => this.showHelp(event.currentTarget), { class: "strong", "aria-haspopup": "dialog" }),
        button(t("leave"), () => this.#leave(), { class: "plain", title: t("leave_hint") }),
        this.inline ? null : button("", () => this.hide(), { class: "plain cross", "aria-label": t("close_panel") })));
  }

  #talk() {
    const { t } = this;
    this.greeting = el("h3", { class: "greeting", text: t("question") });
    const examples = CONFIG.examples.map((text) => el("li", {}, button(text, () => this.#ask(text, false), { class: "ask", lang: "en" })));
    const intro = el("div", { class: "intro" }, this.greeting,
      el("p", { text: `${t("is")} ${t("is_not")}` }),
      t("answers_in") ? el("p", { text: t("answers_in") }) : null,
      CONFIG.reviewed ? null : el("p", { class: "missing", text: t("not_reviewed") }),
      el("h4", { text: t("examples"), id: "examples" }), el("ul", { class: "examples", "aria-labelledby": "examples" }, ...examples));
    this.trouble = el("div", { class: "trouble", role: "status" });
    this.scroll = el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("conversation") }, intro, this.trouble, this.conversation.log);
    this.talk = el("div", { class: "talk" }, this.scroll, this.#composer());
  }

  #composer() {
    const { t } = this;
    this.box = el("textarea", { id: "question", rows: 1, dir: "auto", autocomplete: "off", enterkeyhint: "send", placeholder: t("question"), "aria-describedby": "count" });
    this.count = el("p", { class: "count", id: "count", "aria-live": "polite" });
    this.sendButton = el("button", { type: "submit", class: "strong", text: t("send") });
    this.person = button(t("person"), (event) => this.showHandOver("asked", event.currentTarget), { class: "quiet", "aria-haspopup": "dialog", hidden: !this.canHandOver });
    this.clearButton = button(t("clear"), () => { this.clear(); this.box.focus(); this.speak(t("cleared")); }, { class: "quiet", "aria-label": t("clear_long"), hidden: true });
    this.chip = el("p", { class: "context", hidden: true });
    const form = el("form", { class: "composer", autocomplete: "off" }, this.chip,
      el("label", { class: "hidden-text", for: "question", text: t("question") }),
      el("div", { class: "box" }, this.box, this.sendButton), this.count,
      el("div", { class: "foot" }, el("p", { text: t("privacy") }), el("span", { class: "tools" }, this.person, this.clearButton)));
    form.addEventListener("submit", (event) => this.#submitted(event));
    this.box.addEventListener("input", () => this.#fit());
    return form;
  }

  async #start() {
    if (this.started) return;
    this.started = true;
    try {
      const site = await this.server.about(this.country);
      Object.assign(this.site, site);
      if (site.crisis_lines?.length) this.lines = new Lines(site.crisis_lines, CONFIG.pinned_kinds);
      this.#chooseCountry(this.chosen ?? this.lines.choose(this.getAttribute("country"), fromBrowser(), site.country, CONFIG.country));
      this.trouble.replaceChildren();
      this.#greet();
    } catch (error) {
      this.started = false;
      this.trouble.replaceChildren(this.failure(error, () => this.#start()));
    }
  }

  #greet() {
    if (this.site.greeting) this.greeting.textContent = this.site.greeting;
    this.person.hidden = !this.canHandOver;
    this.#fit();
  }

  // --- asking ---

  #submitted(event) {
    event.preventDefault();
    if (this.conversation.busy) {
      this.conversation.stop();
      return;
    }
    const question = this.box.value;
    if (!question.trim()) { this.box.focus(); return; }
    this.box.value = "";
    this.#fit();
    this.#ask(question, true);
  }

  #ask(question, fromBox) {
    this.fromBox = fromBox;
    this.conversation.ask(question);
  }

  turnBegan(article) {
    this.closeSheet(false);
    this.clearButton.hidden = false;
    this.sendButton.textContent = this.t("stop");
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.scroll.scrollTo({ top: article.offsetTop, behavior: calm ? "auto" : "smooth" });
    if (!this.fromBox) article.focus({ preventScroll: true });
    this.fromBox = false;
  }

  turnEnded() {
    this.sendButton.textContent = this.t("send");
    this.clearButton.hidden = !this.conversation.log.childElementCount;
  }

  // A question that was not answered goes back into the box, unless something new is in it.
  askedInVain(question) {
    if (!this.box.value.trim()) this.box.value = question;
    this.#fit();
  }

  // What is shown when there is no answer: a calm sentence, the lines, and another try.
  failure(error, again) {
    const { t } = this;
    const what = error instanceof Problem ? error.what : "answer";
    const lines = error instanceof Problem && error.lines.length ? error.lines : this.linesHere;
    return el("div", { class: "failed" },
      el("p", { text: t(`error_${what}`, t("error_answer")) }),
      el("p", { text: t("error_lines") }), lineList(this.lines.main(lines, false), t),
      what === "refused" ? null : el("p", {}, button(t("retry"), again, { class: "plain" })));
  }

  #fit() {
    this.box.style.height = "auto";
    this.box.style.height = `${this.box.scrollHeight + 3}px`;
    const [count, limit] = [[...this.box.value].length, this.site.max_question_chars];
    const told = count > limit * 0.8 ? this.t.fill(count > limit ? "too_long" : "count", { count, limit }) : "";
    if (this.count.textContent !== told) this.count.textContent = told;
  }

  // --- help ---

  // The first words of help are here, and the rest of the answer is not: the lines do not wait for it.
  pinEarly() {
    if (!this.pinned.firstChild) this.pin(this.linesHere, false);
  }

  pin(lines, urgent) {
    const { t } = this;
    const shown = this.mainLines(lines, urgent);
    const key = JSON.stringify([shown.map((line) => line.id), urgent]);
    if (this.pinnedKey === key) return;
    Object.assign(this, { pinnedKey: key, urgent });
    this.pinned.classList.toggle("urgent", urgent);
    this.pinned.replaceChildren(el("div", { class: "pinned-head" },
      el("h3", { text: t(urgent ? "emergency_pinned" : "pinned") }),
      button(t("other_countries"), (event) => this.showHelp(event.currentTarget), { class: "quiet", "aria-haspopup": "dialog" })),
    lineList(shown, t));
  }

  unpin() {
    this.pinnedKey = null;
    this.pinned.classList.remove("urgent");
    this.pinned.replaceChildren();
  }

  showHelp(opener) {
    const { t } = this;
    const choices = this.lines.countries.map((code) => el("option", { value: code, text: countryName(code, t), selected: code === this.country }));
    const list = el("div");
    const fillList = () => list.replaceChildren(lineList(this.linesHere, t),
      ...(this.country === INTERNATIONAL ? [] : [el("h4", { text: t("help_international") }), lineList(this.lines.of(INTERNATIONAL), t)]));
    const select = el("select", { id: "country", autocomplete: "off" }, ...choices);
    select.addEventListener("change", () => { this.chosen = select.value; this.#chooseCountry(select.value); fillList(); });
    fillList();
    this.#openSheet(t("help"), opener, el("p", { text: t("help_lead") }), el("label", { for: "country", text: t("help_country") }), select, list);
  }

  #chooseCountry(code) {
    this.country = this.lines.choose(code, this.country);
    if (this.pinned.firstChild) this.pin(this.linesHere, this.urgent);
  }

  // --- sheets ---

  showSources(citations, chosen, opener) {
    const cards = sourceCards(citations, chosen, this.t);
    this.#openSheet(this.t("evidence"), opener, cards);
    const shown = cards.querySelector(".chosen");
    if (!shown) return;
    const body = this.sheet.querySelector(".sheet-body");
    body.scrollTop = shown.offsetTop - body.offsetTop;
    shown.querySelector("h4").focus({ preventScroll: true });
  }

  showHandOver(reason, opener) {
    this.#openSheet(this.t("handover_title"), opener, new HandOver(this, reason).root);
  }

  handedOver(status) {
    this.#tell("handover", { status });
  }

  #openSheet(title, opener, ...content) {
    this.#opener ??= opener;
    this.sheet.replaceChildren(
      el("div", { class: "sheet-head" }, el("h3", { id: "sheet-title", text: title, tabindex: "-1" }),
        button(this.t("close"), () => this.closeSheet(), { class: "plain" })),
      el("div", { class: "sheet-body" }, ...content));
    this.sheet.hidden = false;
    this.talk.inert = true;
    this.sheet.querySelector("h3").focus();
  }

  closeSheet(returnFocus = true) {
    if (this.sheet.hidden) return;
    this.sheet.hidden = true;
    this.sheet.replaceChildren();
    this.talk.inert = false;
    const opener = this.#opener;
    this.#opener = null;
    if (returnFocus) (opener?.isConnected ? opener : this.box).focus();
  }

  // --- frame and keyboard ---

  // On a phone the panel is all there is, so it is modal; elsewhere the page beside it stays usable.
  #frame() {
    if (window.matchMedia(NARROW).matches) this.panel.showModal();
    else this.panel.show();
  }

  #reframe() {
    this.#alone = true;
    const focused = this.shadowRoot.activeElement;
    this.panel.close();
    this.#frame();
    focused?.focus();
    this.#alone = null;
  }

  #closedByBrowser() {
    if (!this.panel.open && this.hasAttribute("open")) {
      this.launcher.setAttribute("aria-expanded", "false");
      this.removeAttribute("open");
    }
  }

  #focusIn() {
    if (window.matchMedia("(pointer: fine)").matches) this.box.focus();
    else this.shadowRoot.getElementById("title").parentNode.querySelector("button").focus();
  }

  #key(event) {
    if (event.isComposing) return;
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      this.#escape();
    } else if (event.key === "Enter" && !event.shiftKey && event.target === this.box) {
      event.preventDefault();
      if (!this.conversation.busy) this.box.form.requestSubmit();
    }
  }

  #escape() {
    if (!this.sheet.hidden) this.closeSheet();
    else this.hide();
  }

  // Away at once: nothing on the screen, nothing behind the back button.
  #leave() {
    this.clear();
    this.hidden = true;
    document.documentElement.style.display = "none";
    const address = webAddress(this.getAttribute("leave-to")) ?? LEAVE_TO;
    try {
      window.top.location.replace(address);
    } catch {
      window.location.replace(address); // a frame that may not move its page
    }
  }

  speak(text) {
    this.spoken.textContent = "";
    requestAnimationFrame(() => { this.spoken.textContent = text; });
  }

  #showContext() {
    const told = Object.values(this.#context).join(" · ");
    this.chip.hidden = !told;
    this.chip.replaceChildren(el("span", { text: this.t.fill("context", { text: told }), dir: "auto" }),
      button("", () => { this.context = null; this.box.focus(); }, { class: "plain cross", "aria-label": this.t("context_remove") }));
  }

  // Says that something happened, never what was written.
  #tell(what, detail = {}) {
    this.dispatchEvent(new CustomEvent(`kratom-evidence-${what}`, { bubbles: true, composed: true, detail }));
  }
}

// A plain text becomes the one entry `page`; what is not text is left out.
function readContext(value) {
  let given = value;
  if (typeof value === "string") {
    try {
      given = JSON.parse(value);
    } catch {
      given = value;
    }
    if (given === null || typeof given !== "object") given = value.trim() ? { page: value.trim() } : {};
  }
  const pairs = Object.entries(given ?? {}).filter(([, text]) => ["string", "number", "boolean"].includes(typeof text));
  return Object.fromEntries(pairs.slice(0, CONTEXT_PAIRS).map(([key, text]) => [bounded(key, 40), bounded(text, CONTEXT_LIMIT)]));
}

// Labels in the wanted language, or the page's, or English; `t(key)` is one of them.
function labels(wanted) {
  const asked = [wanted, document.documentElement.lang].map((lang) => (lang ?? "").split("-")[0].toLowerCase());
  const lang = asked.find((code) => Object.hasOwn(CONFIG.labels, code)) ?? "en";
  const words = CONFIG.labels[lang];
  const t = (key, otherwise = key) => (Object.hasOwn(words, key) ? words[key] : otherwise);
  return Object.assign(t, { lang, fill: (key, values) => fill(t(key), values) });
}

function countryName(code, t) {
  if (code === INTERNATIONAL) return t("another_country");
  try {
    return new Intl.DisplayNames([t.lang], { type: "region" }).of(code);
  } catch {
    return CONFIG.countries[code] ?? code;
  }
}

// US English is the default of many computers elsewhere, so it does not override what the site has set.
function fromBrowser() {
  const region = /-([A-Z]{2})$/.exec(navigator.language)?.[1];
  return region === "US" ? undefined : region;
}

const STYLE = new CSSStyleSheet();
STYLE.replaceSync(CONFIG.style);
if (!customElements.get("kratom-evidence")) customElements.define("kratom-evidence", KratomEvidence);
