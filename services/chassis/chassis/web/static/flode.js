// What pages do besides, where there is a script: send a form once, move by keys, show what comes.
"use strict";
const main = document.getElementById("main");
// A page says by which views it is made anew, or after how many seconds, where what it shows is in no view.
const every = main.dataset.every * 1000;
const $ = (what, where = document) => where.querySelector(what);
const all = (what, where = document) => [...where.querySelectorAll(what)];
const word = what => $(what, $("#words").content).cloneNode(true);

addEventListener("submit", ({ target, defaultPrevented }) => {
  if (defaultPrevented || target.method === "dialog") return;
  const set = off => all("button", target).forEach(each => { each.disabled = off; });
  // Not before the form, with its button, has been read; and not for ever, for a file leaves the page here.
  setTimeout(set, 0, true);
  setTimeout(set, 8000, false);
});

// Keys
const dialog = word("dialog"), help = word("button"), single = $("input", dialog);
const kept = (...value) => { try { return localStorage[value.length ? "setItem" : "getItem"]("flode.keys", ...value); } catch {} };
single.checked = kept() !== "off";
single.onchange = () => kept(single.checked ? "on" : "off");
help.onclick = () => dialog.showModal();
$("footer.site").append(help);
document.body.append(dialog);
const step = by => {
  const links = all("[data-rows] :is(tbody tr, li)").map(row => $("a", row)).filter(Boolean);
  const at = links.findIndex(link => link.closest("tr, li").contains(document.activeElement));
  links[at < 0 ? 0 : Math.min(Math.max(at + by, 0), links.length - 1)]?.focus();
};
const KEYS = {
  "?": help.onclick,
  "/": () => {
    const field = $('[data-key="/"]'), folded = field?.closest("details");
    if (folded) folded.open = true;
    field?.focus();
  },
  j: () => step(1),
  k: () => step(-1),
};
addEventListener("keydown", event => {
  if (!single.checked || event.ctrlKey || event.metaKey || event.altKey || !KEYS[event.key]) return;
  if (event.target.closest("input, select, textarea, dialog")) return;
  event.preventDefault();
  KEYS[event.key]();
});

// A slider over days says which day it stands at.
for (const slider of all("input[data-first]")) {
  const written = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeZone: "UTC" });
  (slider.oninput = () => {
    const day = written.format(Date.parse(slider.dataset.first) + slider.value * 864e5);
    slider.nextElementSibling.textContent = slider.ariaValueText = day;
  })();
}

// A timeline begins at today.
for (const frame of all("[data-at]")) frame.scrollLeft = frame.dataset.at - frame.clientWidth / 2;

// The old page becomes the new one element by element: focus, scrolling and what was typed stay where they are.
const isRow = node => /^(TR|LI)$/.test(node.tagName);
const keyOf = node => node.id || isRow(node) && $("a", node)?.href;
const mark = row => {
  if (every) return; // what is always new is not pointed at
  row.classList.add("news");
  setTimeout(() => row.classList.remove("news"), 4000);
};
function become(old, now) {
  if (old.classList.contains("news")) now.classList.add("news");
  for (const { name } of [...old.attributes]) if (!now.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  for (const { name, value } of now.attributes) if (name !== "open") old.setAttribute(name, value);
  const keyed = new Map([...old.children].map(each => [keyOf(each), each]));
  let at = old.firstChild;
  for (const fresh of [...now.childNodes]) {
    const key = keyOf(fresh);
    const found = key ? keyed.get(key) : at && !keyOf(at) && at;
    if (found?.nodeName !== fresh.nodeName) {
      old.insertBefore(fresh, at);
      if (fresh.tagName) (isRow(fresh) ? [fresh] : all("tbody tr, [data-rows] li", fresh)).forEach(mark);
      continue;
    }
    keyed.delete(key);
    if (found === at) at = at.nextSibling;
    else old.insertBefore(found, at);
    if (found.isEqualNode(fresh)) continue;
    const changed = isRow(found) && found.textContent !== fresh.textContent;
    if (found.tagName) become(found, fresh);
    else found.data = fresh.data;
    if (changed) mark(found);
  }
  for (let next; at; at = next) {
    next = at.nextSibling;
    at.remove();
  }
}

if (main.dataset.live || every) {
  const notice = document.createElement("div");
  notice.className = "notice";
  notice.ariaLive = "polite";
  document.body.append(notice);
  let stream, timer, held, over, waits = 2000, took = 0;
  const chosen = field => [...field.options].findLastIndex(one => one.defaultSelected);
  const filling = () => !getSelection().isCollapsed || all("input, select, textarea", main).some(field =>
    field === document.activeElement || (field.options ? field.selectedIndex !== Math.max(chosen(field), 0)
      : field.value !== field.defaultValue || field.checked !== field.defaultChecked));
  const show = () => {
    const focused = document.activeElement;
    notice.textContent = "";
    document.title = held.title;
    become(main, $("main", held));
    held = null;
    if (focused !== document.activeElement)
      (focused.isConnected ? focused : document.getElementById(focused.id) || main).focus({ preventScroll: true });
  };
  const news = () => {
    if (!held) return;
    if (!filling()) return show();
    if (notice.firstChild) return;
    notice.append(word("[data-news]"));
    $("a", notice).onclick = event => {
      event.preventDefault();
      show();
    };
  };
  // All pages hear it at once: each waits a moment of its own, and longer where answers take long.
  const soon = least => { timer ??= setTimeout(ask, least + 4 * took + Math.random() * 300); };
  const ask = async () => {
    timer = null;
    try {
      const began = Date.now(), answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (answer.redirected || answer.status === 404) return stop(over = true);
      if (!answer.ok) throw answer;
      const text = await answer.text();
      if (still()) return; // the reader paused while it was on its way
      held = new DOMParser().parseFromString(text, "text/html");
      took = Date.now() - began;
      news();
      watch();
    } catch { soon(5000); }
  };
  const pause = word("[data-pause]"), still = () => document.hidden || over || pause.ariaPressed === "true";
  const stop = () => {
    stream = stream?.close();
    timer = clearTimeout(timer);
  };
  const seen = () => $("main", held || document).dataset.from;
  const watch = () => {
    if (stream || still()) return;
    if (every) return soon(every);
    stream = new EventSource(`/${location.pathname.split("/")[1]}/live?views=${main.dataset.live}&from=${seen()}`);
    stream.onopen = () => { waits = 2000; };
    stream.addEventListener("moved", ({ lastEventId }) => lastEventId === seen() || soon(0));
    stream.onerror = () => {
      if (stream?.readyState !== 2) return; // it comes back by itself
      stop();
      setTimeout(watch, waits *= 1 + Math.random());
    };
  };
  const turn = () => still() ? stop() : watch();
  pause.onclick = () => turn(pause.ariaPressed = String(pause.ariaPressed !== "true"));
  $("footer.site").append(pause);
  addEventListener("visibilitychange", turn);
  addEventListener("pagehide", stop);
  addEventListener("pageshow", watch);
  main.addEventListener("focusout", () => setTimeout(news));
  watch();
}
addEventListener("pageshow", () => all("form button").forEach(each => { each.disabled = false; }));
