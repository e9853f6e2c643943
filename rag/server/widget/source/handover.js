// Handing the conversation to a person: first what to add, then exactly what will be sent, then the truth about it.

const CONTACT_LIMIT = 200;
const NOTE_LIMIT = 2000;
// What the parts of a hand-over are called on the screen; a part without a label goes by its own name.
const LEVELS = new Set(["level", "risk", "risk_level", "triage", "highest_triage"]);
const ROLES = { user: "you", assistant: "answer" };
// What a person wrote comes first, what machines need last.
const FIRST = ["role", "contact", "note", "context", "conversation", "transcript", "turns"];
const SPOKEN = new Set(["text", "content"]);
const SHORT = 60;
const LABEL_OF = {
  transcript: "handover_conversation", conversation: "handover_conversation", turns: "handover_conversation",
  citations: "handover_sources", sources: "handover_sources", context: "handover_context", country: "handover_country",
  site: "handover_site", contact: "handover_contact", note: "handover_note",
  ...Object.fromEntries([...LEVELS].map((key) => [key, "handover_level"])),
};

class HandOver {
  constructor(widget, reason) {
    Object.assign(this, { widget, reason: reason ?? "asked", key: randomId() });
    this.root = el("div", { class: "handover" });
    this.contact = el("input", { type: "text", maxlength: CONTACT_LIMIT, autocomplete: "off", id: "contact", dir: "auto" });
    this.note = el("textarea", { rows: 3, maxlength: NOTE_LIMIT, autocomplete: "off", id: "note", dir: "auto" });
    this.#ask();
  }

  #ask() {
    const { t } = this.widget;
    const next = button(t("handover_next"), () => this.#preview(), { class: "strong" });
    this.#show(
      el("p", { text: t("handover_lead") }),
      this.#urgent(),
      el("label", { for: "contact", text: t("handover_contact") }), this.contact,
      el("label", { for: "note", text: t("handover_note") }), this.note,
      this.#choices(next));
  }

  async #preview() {
    const { t } = this.widget;
    this.#show(el("p", { role: "status", text: t("handover_preparing") }));
    const answer = await this.#send({ preview: true, consent: false });
    if (!answer || !this.root.isConnected) return;
    const heading = el("h4", { text: t("handover_what"), tabindex: "-1" });
    const send = button(t("handover_send"), () => this.#deliver(), { class: "strong" });
    const change = button(t("handover_change"), () => { this.#ask(); this.contact.focus(); });
    this.#show(heading, el("p", { text: t("handover_lead") }),
      el("div", { class: "payload" }, payload(answer.payload, t)),
      this.#urgent(), this.#choices(send, change));
    heading.focus();
  }

  async #deliver() {
    const { t } = this.widget;
    this.#show(el("p", { role: "status", text: t("handover_sending") }));
    const answer = await this.#send({ preview: false, consent: true });
    if (!answer || !this.root.isConnected) return;
    const key = { delivered: "handover_done", queued: "handover_queued", mail: "handover_mail" }[answer.status] ?? "handover_failed";
    const mail = /^mailto:/i.test(answer.mailto ?? "") ? el("a", { href: answer.mailto, text: t("handover_mail_link") }) : null;
    const told = el("p", { class: "outcome", tabindex: "-1", text: t(key) });
    this.#show(told,
      answer.text ? el("p", { text: answer.text, lang: "en" }) : null,
      mail ? el("p", {}, mail) : null,
      answer.reference ? el("p", { class: "stamp", text: t.fill("handover_reference", { id: answer.reference }) }) : null,
      this.#urgent(),
      el("p", { class: "choices" }, button(t("back"), () => this.widget.closeSheet(), { class: "strong" })));
    told.focus();
    this.widget.handedOver(answer.status);
  }

  async #send(step) {
    const { widget } = this;
    const { token, history } = widget.conversation;
    const context = Object.keys(widget.context).length ? { context: widget.context } : {};
    const contact = this.contact.value.trim();
    const note = this.note.value.trim();
    const body = { ...step, history, conversation: token, reason: this.reason, country: widget.country, ...context };
    if (contact) body.contact = contact;
    if (note) body.note = note;
    try {
      return await widget.server.handOver(body, step.preview ? randomId() : this.key, widget.country);
    } catch (error) {
      if (this.root.isConnected) this.#failed(error, step.preview);
      return null;
    }
  }

  #failed(error, wasPreview) {
    const { t } = this.widget;
    const again = () => (wasPreview ? this.#preview() : this.#deliver());
    const told = el("p", { class: "outcome", tabindex: "-1", text: t(wasPreview ? "handover_cancelled" : "handover_unsure") });
    this.#show(told, this.widget.failure(error, again), this.#choices());
    told.focus();
  }

  // Beside the hand-over, never instead of it; where lines are pinned already, they stand above.
  #urgent() {
    const { t } = this.widget;
    if (this.widget.pinned.firstChild) return null;
    return el("div", { class: "urgent-note" }, el("p", { text: t("handover_not_urgent") }), lineList(this.widget.mainLines(), t));
  }

  #choices(...buttons) {
    const { t } = this.widget;
    const cancel = button(t("cancel"), () => { this.widget.closeSheet(); this.widget.speak(t("handover_cancelled")); });
    return el("p", { class: "choices" }, ...buttons, cancel);
  }

  #show(...parts) {
    this.root.replaceChildren(...parts.filter(Boolean));
  }
}

// Everything that the server says it would send, whatever it is called, so that nothing goes unseen.
function payload(value, t) {
  if (Array.isArray(value) && value.length) return payloadList(value, t);
  if (typeof value === "object" && value && Object.keys(value).length) return payloadRecord(value, t);
  const isEmpty = value === null || value === undefined || value === "" || typeof value === "object";
  return isEmpty ? el("span", { class: "nothing", text: t("handover_nothing") }) : el("span", { text: String(value), dir: "auto" });
}

function payloadList(values, t) {
  if (values.every((value) => typeof value !== "object")) return el("span", { text: values.join(", ") });
  return el("ol", {}, ...values.map((value) => el("li", {}, isShort(value) ? el("span", { text: Object.values(value).join(" · ") }) : payload(value, t))));
}

// A few words and numbers, such as which passage a mark stands for, fit on one line.
function isShort(value) {
  const parts = Object.values(value ?? {});
  return parts.length <= 3 && parts.every((part) => typeof part !== "object" && String(part).length <= SHORT);
}

function payloadRecord(record, t) {
  const place = ([key]) => (FIRST.includes(key) ? FIRST.indexOf(key) : FIRST.length);
  const entries = Object.entries(record).sort((one, other) => place(one) - place(other));
  const rows = entries.flatMap(([key, value]) => {
    if (key === "role" && ROLES[value]) return [el("dt", { text: t(ROLES[value]) })];
    const label = LABEL_OF[key] ? t(LABEL_OF[key]) : key.replaceAll("_", " ");
    const said = el("dd", {}, payload(LEVELS.has(key) ? t(`level_${value}`, value) : value, t));
    return SPOKEN.has(key) && record.role ? [said] : [el("dt", { text: label }), said];
  });
  return el("dl", {}, ...rows);
}
