// The page works without this: it then shows how things stood when it was made. Nothing here decides anything.
"use strict";
(() => {
  const page = document.querySelector("[data-stream]");
  if (!page || !window.EventSource) return;
  const words = JSON.parse(page.dataset.words);
  const status = page.querySelector("[data-is=line]");
  const record = document.querySelector("[data-record]");
  const ends = new Map(); // lot -> the end as the market said it last
  let ahead = 0; // the market's clock, from this machine's

  const show = (box, name, text) => {
    const place = box.querySelector(`[data-is=${name}]`);
    if (place && place.textContent !== text) place.textContent = text;
  };
  const money = (value) => value ? `${value.amount.replace(/\B(?=(\d{3})+\.)/g, ",")} ${value.currency}` : "—";
  const clock = new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Shanghai", dateStyle: "short", timeStyle: "medium" });
  const at = (moment) => moment ? clock.format(new Date(moment)) : "—";
  const left = (ms) => {
    const s = Math.max(0, Math.ceil(ms / 1000)), two = (n) => String(n).padStart(2, "0");
    const days = Math.floor(s / 86400);
    return `${days ? `${days} ${words.days} ` : ""}${two(Math.floor(s / 3600) % 24)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
  };
  const tick = () => ends.forEach((end, lot) => show(lot, "left", end ? left(Date.parse(end) - Date.now() - ahead) : "—"));
  const stand = (lot, told) => {
    ahead = Date.parse(told.now) - Date.now();
    show(lot, "state", words[told.state] || told.state);
    show(lot, "effective_end", at(told.effective_end));
    ends.set(lot, told.state === "OPEN" ? told.effective_end : null);
    tick();
  };
  const heard = (event) => {
    const told = JSON.parse(event.data);
    return [told, page.querySelector(`[data-lot="${told.lot_id}"]`)];
  };
  const row = (told) => {
    const line = document.createElement("tr");
    [[told.seq, "num"], [told.leading_bidder, ""], [money(told.leading), "num"], [words.leading || "leading", ""], [at(told.at), ""]].forEach(([text, kind]) => {
      const cell = line.insertCell();
      cell.textContent = text;
      if (kind) cell.className = kind;
    });
    line.dataset.seq = told.seq;
    return line;
  };

  const follow = () => {
    const stream = new EventSource(page.dataset.stream);
    stream.onopen = () => { status.textContent = words.live; };
    stream.addEventListener("price", (event) => {
      const [told, lot] = heard(event);
      if (!lot) return;
      show(lot, "leading", money(told.leading));
      show(lot, "leading_bidder", String(told.leading_bidder));
      show(lot, "least_next_bid", money(told.least_next_bid));
      stand(lot, told);
      if (record && record.dataset.record === told.lot_id && !record.querySelector(`[data-seq="${told.seq}"]`)) record.append(row(told));
    });
    stream.addEventListener("state", (event) => {
      const [told, lot] = heard(event);
      if (!lot) return;
      stand(lot, told);
      const pause = told.state === "PAUSED" && told.pause;
      show(lot, "pause", pause ? `${words[pause.cause] || pause.cause}: ${pause.reason}${pause.resumes_at ? ` (${words.resumes_at} ${at(pause.resumes_at)})` : ""}` : "");
    });
    stream.addEventListener("end", () => {
      stream.close();
      status.textContent = words.end;
    });
    stream.onerror = () => {
      if (stream.readyState === EventSource.CLOSED && status.textContent !== words.end) setTimeout(follow, 3000 + 4000 * Math.random());
      if (status.textContent !== words.end) status.textContent = words.lost;
    };
  };
  setInterval(tick, 1000);
  follow();
})();
