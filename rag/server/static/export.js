// Copying and saving with sources. All of it happens in the browser.

export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

export function saveMarkdown(turns, words) {
  const text = [`# ${words.name}`, ...turns.map((turn) => turn.markdown)].join("\n\n");
  save(`${text}\n`, "text/markdown", `${words.export_name}.md`);
}

export function saveData(turns, words) {
  const conversation = turns.map(({ question, answer }) => ({ question, answer }));
  save(JSON.stringify({ name: words.name, conversation }, null, 2), "application/json", `${words.export_name}.json`);
}

function save(text, type, name) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = Object.assign(document.createElement("a"), { href: address, download: name });
  link.click();
  URL.revokeObjectURL(address);
}
