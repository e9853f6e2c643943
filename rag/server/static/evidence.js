// The source cards of one answer: beside it on a wide screen, in a sheet on a narrow one.
import { fromHtml } from "./conversation.js";

const WIDE = "(min-width: 64rem)";

export class Evidence {
  constructor(root, part, words) {
    Object.assign(this, { root, part, words });
    this.body = part("evidence");
    this.shown = null;
    this.opener = null;
    this.sheet = part("sheet");
    this.sheet.addEventListener("close", () => { this.#toPanel(); this.#returnFocus(); });
    window.matchMedia(WIDE).addEventListener("change", () => this.sheet.open && this.sheet.close());
  }

  // Shows the cards of a turn without moving the focus.
  show(turn) {
    if (this.sheet.open || this.body.contains(document.activeElement)) return;
    this.#fill(turn);
  }

  openMark(turn, mark) {
    this.open(turn, mark.dataset.card, mark.dataset.quote, mark);
  }

  open(turn, number, quote, opener) {
    if (this.shown !== turn || this.part("cards").dataset.of !== turn.cards) this.#fill(turn);
    this.opener?.removeAttribute("aria-pressed");
    this.opener = opener;
    opener.setAttribute("aria-pressed", "true");
    if (!window.matchMedia(WIDE).matches && !this.sheet.open) {
      this.part("sheet-body").append(this.body);
      this.sheet.showModal();
    }
    const card = this.body.querySelector(number === null ? ".card" : `.card[data-card="${CSS.escape(number)}"]`);
    if (card) this.#select(card, quote);
  }

  back() {
    if (this.sheet.open) this.sheet.close();
    else this.#returnFocus();
  }

  // True where the focus was on a card and has gone back to the mark that opened it.
  backFrom(node) {
    if (!this.opener || !this.body.contains(node)) return false;
    this.back();
    return true;
  }

  clear() {
    if (this.sheet.open) this.sheet.close();
    this.opener = null;
    this.shown = null;
    this.part("cards").replaceChildren();
    this.#empty(this.words.empty);
  }

  #fill(turn) {
    this.shown = turn;
    const cards = this.part("cards");
    cards.replaceChildren(fromHtml(turn.cards));
    this.#empty(turn.cards ? "" : this.words.none);
    this.part("panel").scrollTop = 0;
  }

  #select(card, quote) {
    for (const other of this.body.querySelectorAll(".card")) other.classList.toggle("chosen", other === card);
    if (quote !== null) {
      for (const figure of card.querySelectorAll("figure")) figure.hidden = figure.dataset.quote !== quote;
    }
    card.scrollIntoView({ block: "start" });
    card.querySelector("h3").focus({ preventScroll: true });
  }

  #toPanel() {
    this.part("panel").append(this.body);
  }

  #returnFocus() {
    const opener = this.opener;
    this.opener = null;
    opener?.removeAttribute("aria-pressed");
    if (opener?.isConnected) opener.focus();
  }

  #empty(text) {
    this.part("no-evidence").textContent = text;
    this.part("no-evidence").hidden = !text;
  }
}
