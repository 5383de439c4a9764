// The one script: orders as JSON, the live stream, parts of the page asked for anew. No library, nothing from elsewhere.
"use strict";

(() => {
  const body = document.body;
  const write = document.querySelector('meta[name="agent-os-write"]').content;
  const toast = document.getElementById("toast");
  const link = document.getElementById("link");
  let position = body.dataset.position;

  // --- What is said to the person

  let fading = 0;
  function say(text, kind) {
    toast.textContent = text;
    toast.dataset.kind = kind || "done";
    clearTimeout(fading);
    fading = setTimeout(() => { toast.textContent = ""; }, kind === "refused" ? 15000 : 6000);
  }

  function live(yes, words) {
    link.dataset.live = yes ? "yes" : "no";
    link.querySelector(".link-words").textContent = words;
  }

  // What an open page says when its server is another one now, or none.
  const over = document.getElementById("ended");
  const AGAIN = "agent-os web was started again, and this page belongs to the run before. Open the new link: it stands where agent-os web runs.";
  const AWAY = "Nothing answers any more, and what stands here may be old. Start agent-os web again and open the link that it prints; if it runs elsewhere, look whether ssh still does.";
  function ended(words) {
    over.hidden = !words;
    if (over.textContent !== words) over.textContent = words;
  }

  // --- Parts of the page

  // `fresh` into `old`, touching only what differs: what has the focus keeps it, open details stay open, and what is
  // being written stays as it is.
  function renew(old, fresh) {
    if (old.isEqualNode(fresh)) return;
    if (old.nodeType !== Node.ELEMENT_NODE || old.nodeName !== fresh.nodeName) {
      old.replaceWith(fresh);
      return;
    }
    if (old.matches("textarea, input, select")) return;
    for (const { name } of [...old.attributes]) {
      if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
    }
    for (const { name, value } of fresh.attributes) {
      if (old.getAttribute(name) !== value && name !== "open") old.setAttribute(name, value);
    }
    renewInside(old, fresh);
  }

  function renewInside(old, fresh) {
    const keyed = new Map();
    for (const child of old.children) if (child.dataset.key) keyed.set(child.dataset.key, child);
    let at = old.firstChild;
    for (const child of [...fresh.childNodes]) {
      const key = child.dataset && child.dataset.key;
      let match = key ? keyed.get(key) : at;
      if (!key && match && match.dataset && match.dataset.key) match = null;
      if (!match) {
        old.insertBefore(child, at);
        continue;
      }
      if (match !== at) old.insertBefore(match, at);
      at = match.nextSibling;
      renew(match, child);
    }
    while (at) {
      const next = at.nextSibling;
      at.remove();
      at = next;
    }
  }

  async function ask(part) {
    const address = new URL(location.href);
    address.searchParams.set("part", part.dataset.part);
    const answer = await fetch(address, { headers: { accept: "text/html" } });
    if (answer.status === 401) strangers();
    if (!answer.ok) return;
    const fresh = part.cloneNode(false);
    fresh.innerHTML = await answer.text();
    const bottom = part.dataset.follow && part.scrollHeight - part.scrollTop - part.clientHeight < 40;
    renewInside(part, fresh);
    if (bottom) part.scrollTop = part.scrollHeight;
    tick();
  }

  const waiting = new Set();
  let due = 0;
  let busy = false;
  function look(parts) {
    parts.forEach((part) => waiting.add(part));
    if (!due && !busy) due = setTimeout(renewAll, 150);
  }
  async function renewAll() {
    due = 0;
    busy = true;
    const now = [...waiting];
    waiting.clear();
    try {
      await Promise.all(now.map(ask));
    } catch {
      // The server is away; the stream says so and asks again when it is back.
    }
    busy = false;
    if (waiting.size) due = setTimeout(renewAll, 400);
  }
  const parts = () => [...document.querySelectorAll("[data-part]")];

  // --- The stream

  let tries = 0;
  function strangers() {
    live(false, "ended");
    ended(AGAIN);
  }
  async function again() {
    // Why the stream ended is not told to scripts; any other address tells.
    let status = 0;
    try {
      status = (await fetch("/static/icon.svg", { cache: "no-store" })).status;
    } catch {
      // It is away.
    }
    tries += 1;
    if (status === 401) strangers(); // and goes on asking: the new link may be opened in another tab
    else {
      live(false, "not live, trying again");
      if (!status && tries > 3) ended(AWAY);
    }
    setTimeout(listen, Math.min(1500 * (tries - 1), 10000));
  }
  function listen() {
    const address = `/events?after=${encodeURIComponent(position)}&task=${encodeURIComponent(body.dataset.task)}`;
    const source = new EventSource(address);
    source.onopen = () => {
      tries = 0;
      live(true, "live");
      ended("");
    };
    source.addEventListener("ledger", (event) => {
      position = event.lastEventId;
      look(parts());
    });
    source.addEventListener("again", (event) => {
      position = event.lastEventId;
      look(parts());
    });
    source.addEventListener("log", () => look(parts().filter((part) => part.dataset.on === "log")));
    source.onerror = () => {
      source.close();
      live(false, "not live, trying again");
      setTimeout(again, tries ? 0 : 1000);
    };
    addEventListener("pagehide", () => source.close(), { once: true });
  }

  // --- Orders

  const dialog = document.getElementById("sure");
  function sure(question, words) {
    if (!question) return Promise.resolve(true);
    dialog.querySelector("p").textContent = question;
    dialog.querySelector("[value=yes]").textContent = words;
    dialog.returnValue = "";
    dialog.showModal();
    return new Promise((resolve) => {
      dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
    });
  }

  async function order(form, button) {
    if (button.getAttribute("aria-disabled") === "true") return; // it is on its way; `disabled` would take the focus
    if (!(await sure(form.dataset.ask, button.textContent))) return;
    const fields = {};
    for (const [name, value] of new FormData(form, button)) fields[name] = name in fields ? `${fields[name]}\n${value}` : value;
    button.setAttribute("aria-disabled", "true");
    try {
      const answer = await fetch(`/orders/${form.dataset.order}`, {
        method: "POST",
        headers: { "content-type": "application/json", "x-agent-os-write": write },
        body: JSON.stringify(fields),
      });
      if (answer.status === 401) strangers();
      const json = (answer.headers.get("content-type") || "").startsWith("application/json");
      const told = json ? await answer.json() : { ok: false, text: (await answer.text()).trim(), go: "" };
      say(told.text, told.ok ? "done" : "refused");
      if (told.ok) {
        form.querySelectorAll("textarea:not([data-keep])").forEach((field) => { field.value = ""; });
        if (told.go || form.dataset.reload) sessionStorage.setItem("told", told.text); // said again after loading
        if (told.go) location.assign(told.go);
        else if (form.dataset.reload) location.reload();
        else look(parts());
      }
    } catch {
      say("The page's server does not answer; nothing is known of the order. Look again before giving it twice.", "refused");
    }
    button.removeAttribute("aria-disabled");
  }

  addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.dataset || !form.dataset.order) return;
    event.preventDefault();
    order(form, event.submitter || form.querySelector("button"));
  });

  const told = sessionStorage.getItem("told");
  sessionStorage.removeItem("told");
  if (told) say(told, "done");

  // --- Durations that go on

  const loaded = new WeakMap();
  function words(seconds) {
    if (seconds < 60) return `${seconds} s`;
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
    const big = seconds < 86400 ? [3600, "h", 60, "min"] : [86400, "d", 3600, "h"];
    const rest = Math.floor((seconds % big[0]) / big[2]);
    return `${Math.floor(seconds / big[0])} ${big[1]}${rest ? ` ${rest} ${big[3]}` : ""}`;
  }
  function tick() {
    for (const one of document.querySelectorAll("[data-elapsed]")) {
      const told = one.dataset.elapsed;
      const known = loaded.get(one);
      if (!known || known.told !== told) loaded.set(one, { told, at: Date.now() });
      else one.textContent = words(Number(told) + Math.floor((Date.now() - known.at) / 1000));
    }
  }
  setInterval(tick, 10000);

  tick();
  for (const part of document.querySelectorAll("[data-follow]")) part.scrollTop = part.scrollHeight;
  if (position) listen();
})();
