// Starts the page: connects its parts, the question box and the keyboard.
import { Conversation } from "./conversation.js";
import { Evidence } from "./evidence.js";
import { Help } from "./help.js";
import { copy, saveData, saveMarkdown } from "./export.js";

const ESCAPE_WITHIN = 1500;
// Browsers differ in whether a dialog closes before or after the page hears of the key.
const JUST_NOW = 100;

// `send` hands a question to Gradio; `props.value` is the last packet, `watch` tells of a new one.
export function start(element, send, props, watch) {
  const root = element.querySelector(".page");
  const words = JSON.parse(root.dataset.words);
  const part = (role) => root.querySelector(`[data-role="${role}"]`);
  const help = new Help(root, part, words);
  const evidence = new Evidence(root, part, words);
  const conversation = new Conversation(root, part, words, { evidence, help, send, onFailed: restore });
  const box = root.querySelector("#question");
  const limit = Number(root.dataset.limit);
  document.documentElement.lang = "en";

  function ask(question, fromBox) {
    if (!question.trim() || conversation.busy) return;
    part("tools").hidden = false;
    conversation.ask(question, help.country, fromBox);
  }

  // A question that was not answered goes back into the box, unless something new is in it.
  function restore(question) {
    if (!box.value.trim()) box.value = question;
    fit();
  }

  function fit() {
    box.style.height = "auto";
    box.style.height = `${box.scrollHeight}px`;
    const count = [...box.value].length;
    const key = count > limit ? "too_long" : "count";
    const told = count > limit * 0.8 ? fill(words[key], { count, limit }) : "";
    if (part("count").textContent !== told) part("count").textContent = told;
  }

  function clear() {
    conversation.clear();
    evidence.clear();
    help.unpin();
    props.value = null;
    box.value = "";
    part("tools").hidden = true;
    fit();
  }

  function leave() {
    clear();
    root.hidden = true;
    document.title = "";
    window.location.replace(root.dataset.leave);
  }

  function speak(text) {
    part("spoken").textContent = "";
    requestAnimationFrame(() => { part("spoken").textContent = text; });
  }

  const actions = {
    leave,
    help: (button) => help.open(button),
    about: () => part("about").showModal(),
    close: (button) => button.closest("dialog").close(),
    back: () => evidence.back(),
    evidence: (button) => evidence.open(conversation.turnOf(button), null, null, button),
    skip: () => box.focus(),
    clear: () => { clear(); box.focus(); speak(words.cleared); },
    markdown: () => saveMarkdown(conversation.turns, words),
    json: () => saveData(conversation.turns, words),
    copy: async (button) => {
      const copied = await copy(conversation.turnOf(button).plain);
      const told = copied ? words.copied : words.copy_failed;
      button.textContent = told;
      speak(told);
      setTimeout(() => { button.textContent = words.copy; }, 2500);
    },
  };

  root.addEventListener("click", (event) => {
    const button = event.target.closest("[data-action], [data-ask], .cite");
    if (!button) {
      if (event.target instanceof HTMLDialogElement) event.target.close();
      return;
    }
    if (button.dataset.action === "skip") event.preventDefault();
    if (button.dataset.ask) ask(button.dataset.ask, false);
    else if (button.matches(".cite")) evidence.openMark(conversation.turnOf(button), button);
    else actions[button.dataset.action]?.(button);
  });

  part("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    if (conversation.busy || !box.value.trim()) { box.focus(); return; }
    const question = box.value;
    box.value = "";
    fit();
    ask(question, true);
  });
  box.addEventListener("input", fit);
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    part("composer").requestSubmit();
  });

  let lastEscape = -Infinity;
  let lastClosed = -Infinity;
  for (const dialog of root.querySelectorAll("dialog")) {
    dialog.addEventListener("close", (event) => { lastClosed = event.timeStamp; lastEscape = -Infinity; });
  }
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.isComposing) return;
    // An Escape that closes something is not a wish to leave.
    const closing = root.querySelector("dialog[open]") || event.timeStamp - lastClosed < JUST_NOW;
    if (closing || evidence.backFrom(document.activeElement)) { lastEscape = -Infinity; return; }
    if (event.timeStamp - lastEscape < ESCAPE_WITHIN) leave();
    lastEscape = event.timeStamp;
  });

  // On a shared computer the back button must not bring the conversation back.
  window.addEventListener("pagehide", clear);
  watch("value", () => { if (props.value) conversation.show(props.value); });
  fit();
  root.classList.add("ready");
  if (window.matchMedia("(pointer: fine)").matches) box.focus();
}

function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name]?.toLocaleString("en") ?? whole);
}
