// Two people in one form. What is entered here is sent while typing, with the version that was seen;
// what the other one enters appears here. Where both wrote at once, both values are shown, and one
// is chosen. Without JavaScript the forms work; a collision then shows when the form is sent.
"use strict";

(() => {
  const forms = [...document.querySelectorAll("form[data-parallel]")];
  if (!forms.length) return;
  const texts = JSON.parse(document.getElementById("parallel-texts").textContent);
  const AGAIN_MS = 2_000;
  const WAIT_MS = 250;
  let pending = null;
  let busy = false;
  let sending = new AbortController();  // of fields, while they are entered

  class Field {
    constructor(form, input) {
      this.form = form;
      this.input = input;
      this.name = input.name.slice("field.".length);
      this.base = form.elements[`base.${this.name}`];
      this.place = input.closest(".step-field");
      this.synced = input.value;
      this.collides = false;
      this.sending = false;
      this.timer = null;
      input.addEventListener("input", () => this.later(WAIT_MS));
      input.addEventListener("change", () => this.later(0));
    }

    get dirty() { return this.input.value !== this.synced; }

    later(ms) {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.send(), ms);
    }

    async send(chosen = null) {
      if ("sent" in document.documentElement.dataset) return;  // the whole form is on its way
      if (this.sending) { this.later(WAIT_MS); return; }
      if (chosen === null && (!this.dirty || this.collides)) return;
      const value = chosen === null ? this.input.value : chosen;
      this.sending = true;
      try {
        const answer = await fetch(this.form.dataset.parallel, {
          method: "POST",
          signal: sending.signal,
          credentials: "same-origin",
          headers: { Accept: "application/json" },
          body: new URLSearchParams({
            csrf: this.form.elements.csrf.value, step: this.form.dataset.step,
            times: this.form.elements.times.value, field: this.name, value, base: this.base.value,
          }),
        });
        if (answer.ok) {
          this.synced = value;
          if (chosen !== null) this.input.value = value;
          this.show(await answer.json(), true);
        } else if (answer.status === 409 || answer.status === 404) {
          ask();  // the step is done, or the case is closed
        }
      } catch {
        this.later(AGAIN_MS);  // no connection: what was entered stays here until there is one
      } finally {
        this.sending = false;
        if (this.dirty && !this.collides) this.later(WAIT_MS);
      }
    }

    // own : the answer to what this page has sent
    show(state, own = false) {
      if (!own && state.number <= Number(this.base.value)) return;
      if (state.rivals.length) {
        this.base.value = state.number;
        this.choose(state);
        return;
      }
      if (!own && this.dirty) return;  // sent with the version seen: the server says what collides
      this.base.value = state.number;
      this.settle();
      if (!own && this.input.value !== state.value) {
        this.input.value = state.value;
        this.place.classList.add("fresh");
        setTimeout(() => this.place.classList.remove("fresh"), 1_500);
      }
      if (!own || this.input.value === state.value) this.synced = state.value;
    }

    settle() {
      this.collides = false;
      this.input.removeAttribute("aria-invalid");
      const old = this.place.querySelector("[data-collision]");
      if (old) old.remove();
    }

    choose(state) {
      const seen = JSON.stringify([state.value, state.rivals]);
      const old = this.place.querySelector("[data-collision]");
      if (old && old.dataset.seen === seen) return;
      this.settle();
      this.collides = true;
      this.input.setAttribute("aria-invalid", "true");
      const block = document.createElement("div");
      block.className = "collision";
      block.dataset.collision = "";
      block.dataset.seen = seen;
      block.setAttribute("role", "alert");
      const title = document.createElement("p");
      title.textContent = texts.both;
      block.append(title);
      for (const one of [{ value: state.value, who: state.who }, ...state.rivals]) {
        const row = document.createElement("p");
        const button = document.createElement("button");
        button.type = "button";
        button.className = "small";
        button.textContent = texts.take;
        button.setAttribute("aria-label", `${texts.take}: ${one.value}`);
        button.addEventListener("click", () => this.send(one.value));
        const value = document.createElement("span");
        value.className = "message";
        value.textContent = `${one.who}: ${this.shown(one.value)} `;
        row.append(value, button);
        block.append(row);
      }
      this.place.append(block);
    }

    shown(value) {
      if (this.input.tagName !== "SELECT") return value;
      const option = [...this.input.options].find((each) => each.value === value);
      return option ? option.textContent : value;
    }
  }

  const fields = forms.map((form) => [form, new Map([...form.elements]
    .filter((each) => each.name.startsWith("field."))
    .map((input) => [input.name.slice("field.".length), new Field(form, input)]))]);

  async function refresh() {
    pending = null;
    if (busy) { ask(); return; }
    busy = true;
    try {
      const answer = await fetch(forms[0].dataset.parallel, {
        credentials: "same-origin", headers: { Accept: "application/json", "X-Live": "1" },
      });
      if (!answer.ok) return;
      const found = await answer.json();
      for (const [form, own] of fields) {
        const step = found.steps[form.dataset.step];
        if (!step || String(step.times) !== form.elements.times.value) continue;
        for (const [name, state] of Object.entries(step.fields)) {
          if (own.has(name)) own.get(name).show(state);
        }
      }
      changed(found.open);
    } catch {
      // no connection: asked again at the next change, or when it is back
    } finally {
      busy = false;
    }
  }

  // The steps themselves have changed: another one is open, or one is done. Where this page did it, the
  // answer opens the page anew and says what came of it: a reload would take that answer away.
  function changed(open) {
    if ("sent" in document.documentElement.dataset) return;
    const here = forms.map((form) => `${form.dataset.step} ${form.elements.times.value}`).sort();
    if (JSON.stringify(here) === JSON.stringify([...open].sort())) return;
    if (!fields.some(([, own]) => [...own.values()].some((each) => each.dirty || each.collides))) {
      location.reload();
      return;
    }
    const note = document.getElementById("parallel-changed");
    if (note) note.hidden = false;
  }

  function ask() {
    if (pending === null) pending = setTimeout(refresh, 50);
  }

  document.addEventListener("tachowatt:change", (event) => {
    if (event.detail.some((what) => what === "draft" || what === "case")) ask();
  });
  window.addEventListener("online", () => {
    for (const [, own] of fields) for (const each of own.values()) each.later(0);
    ask();
  });

  // The whole form is on its way: a field that comes after it would find the step done.
  window.addEventListener("submit", (event) => {
    sending.abort();
    sending = new AbortController();
    if (!event.defaultPrevented) document.documentElement.dataset.sent = "";
  });
  window.addEventListener("pageshow", () => { delete document.documentElement.dataset.sent; });

  ask();
  document.documentElement.dataset.parallel = "ready";
})();
