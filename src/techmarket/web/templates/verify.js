"use strict";
// Sends a certificate, PDF or JSON, to be verified, and shows the verdict as plain text.
const form = document.getElementById("upload");
const out = document.getElementById("verdict");
const zh = document.documentElement.lang.startsWith("zh");
const ANSWERS = {
  valid: ["有效", "valid"],
  suspended: ["已中止", "suspended"],
  revoked: ["已撤销", "revoked"],
  not_ours: ["不是本市场签发的原件", "not ours"],
};

function line(tag, text, kind) {
  const element = document.createElement(tag);
  element.textContent = text;
  if (kind) element.className = kind;
  out.append(element);
}

function show(said) {
  out.replaceChildren();
  const words = ANSWERS[said.answer][zh ? 0 : 1];
  line("p", [said.number, words].filter(Boolean).join(" · "), said.answer === "valid" ? "big ok" : "big no");
  const facts = [said.since && `${zh ? "自" : "since"} ${said.since}`, said.why, said.replaced_by && `→ ${said.replaced_by}`];
  line("p", facts.filter(Boolean).join(" · "));
  for (const one of said.checked) line("p", `✓ ${zh ? one.zh : one.en}`, "ok");
  if (said.fault) line("p", `✗ ${zh ? said.fault.zh : said.fault.en}`, "no");
  for (const one of said.not_checked) line("p", `${zh ? "未核验：" : "not checked: "}${zh ? one.zh : one.en}`, "soft");
  if (said.hidden.length) line("p", `${zh ? "持有人未出示：" : "not shown by its holder: "}${said.hidden.join(", ")}`, "soft");
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
    line("p", zh ? "无法连接，请稍后重试。" : "No connection; try again later.", "big no");
  }
});
