// The source cards of one answer, shown in a sheet over the conversation.

const INITIALS = /\s+[A-Z][A-Z.\-]{0,4}$/;

// A name to find a source by, such as "Schimmel 2020".
function shortName(source, t) {
  const first = source.authors?.length ? source.authors[0].replace(INITIALS, "") : source.organization || source.title;
  return source.year ? `${first} ${source.year}` : `${first}, ${t("no_date")}`;
}

// `chosen` is the citation of the statement that was opened: its quote is the one to show.
function sourceCards(citations, chosen, t) {
  return el("ol", { class: "cards" }, ...citations.map((citation) => {
    const isChosen = chosen?.number === citation.number;
    return card(isChosen ? { ...citation, quote: chosen.quote } : citation, isChosen, t);
  }));
}

function card({ number, quote, passage, source }, isChosen, t) {
  const name = shortName(source, t);
  const byline = [source.authors?.join(", ") || source.organization, source.venue, source.year].filter(Boolean).join(" · ");
  const address = webAddress(source.url);
  return el("li", { class: isChosen ? "card chosen" : "card", "data-number": number, lang: "en" },
    el("h4", { tabindex: "-1" },
      el("span", { class: "number", "aria-hidden": "true", text: number }),
      el("span", { class: "hidden-text", text: t.fill("chip", { number, name }) }),
      el("span", { "aria-hidden": "true", text: name })),
    el("p", { class: "label", text: source.evidence_label }),
    el("p", { class: "title" }, el("cite", { text: source.title })),
    el("p", { class: "byline", text: byline }),
    quoted(passage, quote, t),
    facts(source, t),
    address ? el("p", {}, outside(address, t("original"), t("new_tab"))) : null);
}

function quoted(passage, quote, t) {
  const at = passage.indexOf(quote);
  const parts = at < 0
    ? [el("mark", { text: quote })]
    : [passage.slice(0, at), el("mark", { text: quote }), passage.slice(at + quote.length)];
  return el("figure", {}, el("figcaption", { text: t("passage") }), el("blockquote", {}, ...parts));
}

function facts(source, t) {
  const rows = [
    ["sample", source.sample],
    ["limits", source.limits],
    ["conflicts", source.conflicts || t("no_conflicts")],
    ["confidence", t(`confidence_${source.confidence}`, source.confidence)],
  ].filter(([, value]) => value);
  return el("dl", {}, ...rows.flatMap(([key, value]) => [el("dt", { text: t(key) }), el("dd", { text: value })]));
}
