// Crisis lines: which ones to show, and links that dial or write. The same rules as rag/server/lines.py.

const INTERNATIONAL = "INT";
// Two digits at least, so that "press 1" is not dialled; no letters or dashes around it.
const NUMBER = /(?<![\w-])(?<!\d[.,])\+?\d(?:[ -]?\d)+(?![\w-])/g;
const KEYWORD = /^[Tt]ext ([A-Z]{3,}) to (\d{3,})/;
const NOT_SMS = /whatsapp|signal|telegram/i;
const SHORTEST_IN_TEXT = 3;

const digits = (number) => number.replace(/[^\d+]/g, "");

// Splits a text at numbers; `address` maps a number to its link, or null.
function linked(text, address, firstOnly = false) {
  const pieces = [];
  let end = 0;
  for (const match of text.matchAll(NUMBER)) {
    const href = address(match[0]);
    if (!href) continue;
    if (match.index > end) pieces.push({ text: text.slice(end, match.index) });
    pieces.push({ text: match[0], href });
    end = match.index + match[0].length;
    if (firstOnly) break;
  }
  if (end < text.length) pieces.push({ text: text.slice(end) });
  return pieces;
}

function phonePieces(text) {
  return linked(text, (number) => `tel:${digits(number)}`);
}

function textPieces(text) {
  if (NOT_SMS.test(text)) return [{ text }];
  const keyword = KEYWORD.exec(text);
  const body = keyword ? `?&body=${encodeURIComponent(keyword[1])}` : "";
  return linked(text, (number) => `sms:${digits(number)}${body}`, true);
}

// Links the numbers of known lines where a sentence of ours names them.
function helpPieces(text, lines) {
  const known = new Map();
  for (const line of lines) {
    for (const piece of phonePieces(line.phone ?? "")) {
      if (piece.href && digits(piece.text).length >= SHORTEST_IN_TEXT) known.set(digits(piece.text), piece.href);
    }
  }
  return linked(text, (number) => known.get(digits(number)));
}

function nodesOf(pieces) {
  return pieces.map(({ text, href }) => (href ? el("a", { href, text }) : document.createTextNode(text)));
}

class Lines {
  constructor(lines, pinnedKinds) {
    this.all = lines;
    this.pinnedKinds = pinnedKinds;
  }

  get countries() {
    const found = [...new Set(this.all.map((line) => line.country))].filter((code) => code !== INTERNATIONAL);
    return [...found, INTERNATIONAL];
  }

  of(country) {
    const chosen = this.all.filter((line) => line.country === country);
    return chosen.sort((one, other) => (other.kind === "emergency") - (one.kind === "emergency"));
  }

  // The few lines that matter at once, the most needed first.
  main(lines, urgent) {
    const kinds = this.pinnedKinds[urgent ? "emergency" : "crisis"];
    const chosen = lines.filter((line) => kinds.includes(line.kind));
    chosen.sort((one, other) => kinds.indexOf(one.kind) - kinds.indexOf(other.kind));
    return chosen.length ? chosen : lines;
  }

  // The wanted country where it has lines, then the next best.
  choose(...wanted) {
    return wanted.map((code) => code?.toUpperCase()).find((code) => this.countries.includes(code)) ?? INTERNATIONAL;
  }
}

function lineList(lines, t) {
  return el("ul", { class: "lines" }, ...lines.map((line) => lineItem(line, t)));
}

function lineItem(line, t) {
  const ways = [];
  if (line.phone) ways.push(el("span", {}, `${t("call")} `, ...nodesOf(phonePieces(line.phone))));
  if (line.text) {
    const said = /^(text|sms|whatsapp)/i.test(line.text) ? "" : `${t("text")} `;
    ways.push(el("span", {}, said, ...nodesOf(textPieces(line.text))));
  }
  const web = webAddress(line.web);
  if (web) ways.push(el("span", { class: "web" }, outside(web, line.web.replace(/^https?:\/\/(www\.)?|\/$/g, ""), t("new_tab"))));
  const note = [t(`kind_${line.kind}`, ""), line.hours].filter(Boolean).join(" · ");
  return el("li", { "data-kind": line.kind },
    el("span", { class: "line-name", text: line.name }),
    el("span", { class: "line-ways" }, ...ways),
    el("span", { class: "line-note", text: note }));
}
