// A long form saves itself: some seconds after typing stops, and when a field is left. What it answers is shown beside.
"use strict";
{
  const form = $("form[data-autosave]"), status = $("[data-status]", form), words = status.dataset;
  const left = new Set();
  const say = (text, more) => {
    status.textContent = text;
    if (!more) return;
    const link = document.createElement("a");
    link.href = words.open;
    link.textContent = words.show;
    status.append(" ", link);
  };
  const field = name => form.elements[name]?.id ? form.elements[name] : null;
  const wrong = (name, text) => {
    const one = field(name), box = one?.closest(".field"), id = `${one?.id}-error`;
    if (!box) return;
    $(`[id="${id}"]`, box)?.remove();
    const others = (one.getAttribute("aria-describedby") || "").split(" ").filter(each => each && each !== id);
    box.classList.toggle("wrong", !!text);
    if (text) {
      const told = document.createElement("p");
      told.className = "error";
      told.id = id;
      told.textContent = `${words.wrong}: ${text}`;
      one.before(told);
      one.setAttribute("aria-invalid", "true");
      others.push(id);
      one.closest("details").open = true;
    } else one.removeAttribute("aria-invalid");
    others.length ? one.setAttribute("aria-describedby", others.join(" ")) : one.removeAttribute("aria-describedby");
  };
  const written = () => {
    const all = new URLSearchParams(new FormData(form));
    all.set("action", "autosave");
    [...left].forEach(name => all.append("touched:list", name));
    // A save is a command of its own; what was not answered is sent again under its key, and so is done once.
    all.set("idempotency_key", [...crypto.getRandomValues(new Uint32Array(4))].join("-"));
    return all;
  };
  let timer, waiting, pressed, busy = false, dirty = false, over = false, waits = 4000;
  const soon = after => {
    clearTimeout(timer);
    timer = setTimeout(save, after);
  };
  const took = (answer, sent) => {
    let whole = true;
    for (const [name, text] of Object.entries(answer.taken)) {
      const one = field(name);
      if (one && one.value === (sent.get(name) ?? "")) one.value = text;
      else whole = false;
    }
    // Where somebody goes on writing in a field that came, the form stays as old as it is: then the next save says that
    // both wrote, and neither is overwritten.
    if (whole) form.elements.version.value = answer.version;
    left.forEach(name => wrong(name, answer.errors[name]));
    const now = new DOMParser().parseFromString(answer.parts, "text/html");
    all("[data-part]", now).forEach(part => $(`[data-part="${part.dataset.part}"]`, form).replaceWith(part));
    say(answer.said + (answer.reload ? `. ${words.news}` : ""), answer.reload);
  };
  async function save() {
    clearTimeout(timer);
    if (over || busy) return;
    busy = true;
    if (!waiting) {
      waiting = written();
      dirty = false;
    }
    try {
      const sent = waiting;
      const answer = await fetch(form.dataset.autosave, { method: "POST", body: sent, keepalive: String(sent).length < 60000 });
      if (answer.status >= 500) throw answer;
      waiting = null;
      waits = 4000;
      const said = answer.headers.get("content-type")?.includes("json") ? await answer.json() : null;
      if (answer.ok && said) took(said, sent);
      else {
        // Nothing is written over and nothing is lost: the button shows both texts, and what can be done.
        over = true;
        Object.entries(said?.errors ?? {}).forEach(([name, text]) => wrong(name, text));
        say(said?.detail ?? words.unsaved, !said);
      }
    } catch {
      say(words.offline);
      soon(waits = Math.min(waits * 2, 60000));
      busy = false;
      return;
    }
    busy = false;
    if (pressed) {
      over = true;
      form.requestSubmit(pressed);
    } else if (dirty) soon(500);
  }
  // What stands open stays open when the form is loaded anew; a button opens the others where they are.
  const sections = all("details[data-section]", form);
  const open = () => { form.elements.unfolded.value = sections.filter(each => each.open).map(each => each.dataset.section).join(" "); };
  sections.forEach(each => each.addEventListener("toggle", open));
  $("[data-unfold]", form).addEventListener("click", event => {
    const button = event.target, unfold = button.value === "unfold";
    event.preventDefault();
    sections.forEach(each => { each.open = unfold; });
    button.textContent = unfold ? button.dataset.fold : button.dataset.unfold;
    button.value = unfold ? "fold" : "unfold";
  });
  const ours = ({ target }) => /^(said|question\.|acknowledged)/.test(target.name || "");
  form.addEventListener("input", event => {
    if (ours(event)) return;
    dirty = true;
    soon(3000);
  });
  form.addEventListener("change", event => {
    if (ours(event)) return;
    left.add(event.target.name);
    dirty = true;
    soon(300);
  });
  form.addEventListener("submit", event => {
    clearTimeout(timer);
    if (over || !busy && !waiting) { over = true; return; }
    // First comes the answer to what was sent: the button would be told of a conflict with its own form.
    event.preventDefault();
    pressed = event.submitter;
    save();
  });
  // An answer to a form is not to be sent again by the browser's back button, or when it is loaded anew: what is not
  // saved there yet is saved, and the address shows it.
  history.replaceState(null, "", form.dataset.autosave + location.hash);
  if (form.dataset.changed) {
    dirty = true;
    soon(500);
  }
  addEventListener("online", () => waiting && save());
  addEventListener("visibilitychange", () => document.hidden && dirty && save());
}
