// Crisis lines: the dialog, the lines pinned after a reply that showed help, and the country.
import { fromHtml } from "./conversation.js";

export class Help {
  constructor(root, part, words) {
    Object.assign(this, { root, part, words });
    this.selects = [part("country"), part("help-country")];
    for (const select of this.selects) select.addEventListener("change", () => this.#choose(select.value));
    this.#choose(fromBrowser(this.selects[0]));
  }

  get country() {
    return this.selects[0].value;
  }

  open() {
    this.part("help").showModal();
  }

  // Puts lines on top of the conversation, where they stay until it is cleared.
  pin(html, emergency) {
    this.#pinned(fromHtml(html), emergency);
  }

  unpin() {
    this.part("pinned").replaceChildren();
    this.part("pinned").classList.remove("urgent");
  }

  // What is shown when there is no answer: a calm sentence and the lines.
  failed(what) {
    const fragment = this.root.querySelector(`template[data-failed="${what}"]`).content.cloneNode(true);
    fragment.querySelector('[data-role="failed-lines"]').append(this.#mainLines(false));
    return fragment;
  }

  #pinned(lines, emergency) {
    const pinned = this.part("pinned");
    const measure = document.createElement("div");
    const head = document.createElement("div");
    const title = document.createElement("h2");
    const others = document.createElement("button");
    measure.className = "measure";
    head.className = "pinned-head";
    title.textContent = emergency ? this.words.emergency_pinned : this.words.pinned;
    Object.assign(others, { type: "button", className: "quiet", textContent: this.words.other_countries });
    others.dataset.action = "help";
    head.append(title, others);
    measure.append(head, lines);
    pinned.classList.toggle("urgent", emergency);
    pinned.replaceChildren(measure);
  }

  #choose(country) {
    for (const select of this.selects) select.value = country;
    this.part("help-lines").replaceChildren(this.#lines(country));
    this.part("help-international").hidden = country === "INT";
    const pinned = this.part("pinned");
    const urgent = pinned.classList.contains("urgent");
    if (pinned.firstElementChild) this.#pinned(this.#mainLines(urgent), urgent);
  }

  #lines(country) {
    return this.root.querySelector(`template[data-lines="${country}"]`).content.cloneNode(true);
  }

  #mainLines(urgent) {
    const lines = this.#lines(this.country);
    const kinds = this.words.pinned_kinds[urgent ? "emergency" : "crisis"];
    for (const line of lines.querySelectorAll("li")) {
      if (!kinds.includes(line.dataset.kind)) line.remove();
    }
    return lines;
  }
}

// The region of the browser's language, where it has lines. US English is the default of many
// computers elsewhere, so it does not override what the operator has set.
function fromBrowser(select) {
  const region = /^en-([A-Z]{2})$/.exec(navigator.language)?.[1];
  const known = [...select.options].some((option) => option.value === region);
  return known && region !== "US" ? region : select.value;
}
