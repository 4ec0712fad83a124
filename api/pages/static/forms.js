// Forms say while one types what does not fit, and text that was not sent survives a reload: it is
// kept in this tab (sessionStorage) until it was sent and accepted, or until signing out. Without
// JavaScript the server checks, and shows a refused form with its text.
"use strict";

(() => {
  const SENT = "draft sent";

  function message(field) {
    const id = field.id + "-invalid";
    let place = document.getElementById(id);
    if (field.validity.valid) {
      if (place) place.remove();
      field.removeAttribute("aria-invalid");
      field.removeAttribute("aria-errormessage");
      return;
    }
    if (!place) {
      place = document.createElement("p");
      place.id = id;
      place.className = "invalid";
      place.setAttribute("role", "status");
      field.after(place);
    }
    if (place.textContent !== field.validationMessage) place.textContent = field.validationMessage;
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-errormessage", id);
  }

  function key(form) {
    return "draft " + location.pathname + " " + form.id;
  }

  function fields(form) {
    return [...form.elements].filter((field) => field.id && field.name &&
      field.matches("textarea, select, input:not([type=hidden], [type=password], [type=file])"));
  }

  function read(form) {
    return fields(form).map((field) =>
      [field.id, field.type === "checkbox" ? field.checked : field.value]);
  }

  function restore(form) {
    const kept = sessionStorage.getItem(key(form));
    if (!kept) return;
    for (const [id, value] of JSON.parse(kept)) {
      const field = form.querySelector("#" + CSS.escape(id));
      if (!field) continue;
      if (field.type === "checkbox") field.checked = value;
      else if (!field.value) field.value = value;
    }
  }

  const accepted = new URLSearchParams(location.search).has("done");
  if (accepted && sessionStorage.getItem(SENT)) {
    sessionStorage.removeItem(sessionStorage.getItem(SENT));
  }
  sessionStorage.removeItem(SENT);

  for (const form of document.querySelectorAll("form[data-draft]")) restore(form);

  // A browser does not focus again what it has focused before a reload.
  const first = document.querySelector("[autofocus]");
  if (first && document.activeElement === document.body) first.focus();

  document.addEventListener("input", (event) => {
    const field = event.target;
    if (!field.form) return;
    if (field.form.dataset.draft !== undefined) {
      sessionStorage.setItem(key(field.form), JSON.stringify(read(field.form)));
    }
    // Nobody is told that a number is too small after its first digit.
    if (field.id && field.hasAttribute("aria-invalid")) message(field);
  });
  document.addEventListener("focusout", (event) => {
    const field = event.target;
    const typed = field.matches && field.matches("textarea, select, input");
    if (typed && field.form && field.id && (field.value || field.hasAttribute("aria-invalid"))) {
      message(field);
    }
  });
  document.addEventListener("invalid", (event) => { if (event.target.id) message(event.target); }, true);
  document.addEventListener("submit", (event) => {
    if (event.target.dataset.draft !== undefined) sessionStorage.setItem(SENT, key(event.target));
    if ((event.target.getAttribute("action") || "").startsWith("/logout")) sessionStorage.clear();
  });
})();
