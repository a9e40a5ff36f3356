"use strict";
// Sends a certificate, PDF or JSON, to be verified, and shows the verdict and what it certifies as plain text.
const form = document.getElementById("upload");
const out = document.getElementById("verdict");
const zh = document.documentElement.lang.startsWith("zh");
const say = (pair) => pair[zh ? 0 : 1];
// What codes are called, in the language of the page.
const WORDS = JSON.parse(out.dataset.words);
const word = (code) => WORDS[code] || code;

function line(tag, text, kind) {
  const element = document.createElement(tag);
  element.textContent = text;
  if (kind) element.className = kind;
  out.append(element);
}

function time(instant) {
  return new Date(instant).toLocaleString("sv-SE", { timeZone: "Asia/Shanghai" }); // year first, as nobody misreads
}

function worth(money) {
  return `${money.currency} ${money.amount}`;
}

// What the credential states, as far as its holder shows it.
function* stated(facts) {
  const contract = facts.contract || {};
  yield [["合同", "Contract"], [contract.number, contract.in_force_at && time(contract.in_force_at)]];
  for (const one of facts.parties || [])
    yield [one.role === "PAYEE" ? ["转让方、许可方", "Seller"] : ["受让方、被许可方", "Buyer"], [one.name, one.uscc]];
  for (const one of facts.objects || [])
    yield [["标的", "Object"], [one.name_zh, one.name_en, ...(one.rights || []).map((right) => right.number)]];
  const { entry_fee: fee, royalty } = facts.price || {};
  yield [["价款", "Price"], [fee && worth(fee), royalty && `${say(["提成", "royalty"])} ${royalty.rate}`]];
}

function show(said) {
  out.replaceChildren();
  line("p", [said.number, word(said.answer)].filter(Boolean).join(" · "), said.answer === "valid" ? "big ok" : "big no");
  const since = said.since && `${say(["自", "since"])} ${time(said.since)}`;
  const standing = [since, said.why && word(said.why), said.replaced_by && `→ ${said.replaced_by}`].filter(Boolean);
  if (standing.length) line("p", standing.join(" · "));
  for (const [name, parts] of stated((said.credential || {}).credentialSubject?.transaction || {})) {
    const told = parts.filter(Boolean);
    if (told.length) line("p", `${say(name)}${zh ? "：" : ": "}${told.join(" · ")}`);
  }
  if (said.hidden.length) {
    const names = said.hidden.map((one) => word(`hidden ${one}`)).join(say(["、", ", "]));
    line("p", `${say(["持有人未出示：", "not shown by its holder: "])}${names}`, "soft");
  }
  for (const one of said.checked) line("p", `✓ ${zh ? one.zh : one.en}`, "ok");
  if (said.fault) line("p", `✗ ${zh ? said.fault.zh : said.fault.en}`, "no");
  for (const one of said.not_checked) line("p", `${say(["未核验：", "not checked: "])}${zh ? one.zh : one.en}`, "soft");
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const file = form.elements.file.files[0];
  if (!file) return;
  out.hidden = false;
  out.replaceChildren();
  const type = file.name.toLowerCase().endsWith(".pdf") ? "application/pdf" : "application/octet-stream";
  try {
    const answer = await fetch("/v1/verifications/files", {
      method: "POST",
      headers: { "Content-Type": type, "Accept-Language": document.documentElement.lang },
      body: file,
    });
    const said = await answer.json();
    if (answer.ok) show(said);
    else line("p", said.title || said.detail || String(answer.status), "big no");
  } catch {
    line("p", say(["无法连接，请稍后重试。", "No connection; try again later."]), "big no");
  }
});
