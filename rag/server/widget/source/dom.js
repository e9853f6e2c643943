// Small helpers for building the shadow tree. Text goes in as text; there is no way to pass markup.

function el(tag, props = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") made.className = value;
    else if (name === "text") made.textContent = value;
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

function button(text, onclick, props = {}) {
  return el("button", { type: "button", text, onclick, ...props });
}

function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

function bounded(text, limit) {
  return [...String(text)].slice(0, limit).join("");
}

// Only these addresses become links; anything else that a source or a page gives stays text.
function webAddress(address) {
  try {
    const url = new URL(address);
    return url.protocol === "https:" || url.protocol === "http:" ? url.href : null;
  } catch {
    return null;
  }
}

function outside(address, text, newTab) {
  return el("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, text,
    el("span", { class: "hidden-text", text: ` (${newTab})` }));
}

function randomId() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
