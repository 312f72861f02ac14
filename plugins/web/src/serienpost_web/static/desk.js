// What the desk does beyond its forms: live counts, "mark all", a warning before it is locked.
// Every page works without it.
"use strict";

(function () {
  const body = document.body;

  // What somebody has opened stays open, and the focus where it was.
  const replace = (place, text) => {
    const open = [...place.querySelectorAll("details")].map((one) => one.open);
    const stops = () => [...place.querySelectorAll("a, summary")];
    const at = stops().indexOf(document.activeElement);
    place.innerHTML = text;
    place.querySelectorAll("details").forEach((one, number) => { one.open = Boolean(open[number]); });
    if (at >= 0) stops()[at]?.focus();
  };

  // Live counts: the server makes the part of the page, escaped as any other. Some parts are asked
  // for first, and some stay when they are at rest; else the page comes anew, since more changed.
  const live = document.querySelector("[data-live]");
  if (live) {
    let wait = 500;
    const look = async () => {
      if (document.hidden) return again();
      const begun = performance.now();
      try {
        const answer = await fetch(live.dataset.live, { credentials: "same-origin" });
        if (answer.headers.get("x-desk")) return location.reload();
        if (answer.ok) {
          const text = await answer.text();
          if (live.dataset.last !== text) replace(live, text);
          live.dataset.last = text;
          if (!text.includes('class="badge busy"')) {
            if (!("liveStays" in live.dataset)) location.reload();
            return;
          }
        }
      } catch { /* the server may be starting anew; it is asked again */ }
      wait = Math.max(2000, 10 * (performance.now() - begun));
      again();
    };
    const again = () => setTimeout(look, wait);
    const ask = async () => {
      const sent = new URLSearchParams({ form: body.dataset.form });
      await fetch(live.dataset.ask, { method: "POST", body: sent, credentials: "same-origin", redirect: "manual" }).catch(() => {});
    };
    if (live.dataset.ask) ask().then(again);
    else again();
  }

  // Whoever types a time means it.
  const later = document.querySelector("input[type=radio][name=when][value=later]");
  document.getElementById("field-at")?.addEventListener("input", () => { if (later) later.checked = true; });

  // Tables of marks get a button that marks all of the page, Ctrl-A that marks all hits, and a count
  // that follows the marks.
  for (const table of document.querySelectorAll("[data-marks]")) {
    const boxes = () => table.querySelectorAll("tbody input[type=checkbox]:not(:disabled)");
    const count = table.closest("form")?.querySelector("[data-count]");
    const on = () => table.querySelectorAll("tbody input[type=checkbox]:checked").length;
    const elsewhere = count ? Number(count.dataset.marked) - on() : 0;
    const tell = () => { if (count) count.textContent = count.dataset.count.replace("#", elsewhere + on()); };
    table.addEventListener("change", tell);
    table.addEventListener("keydown", (event) => {
      if (event.key.toLowerCase() !== "a" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      const every = table.closest("form")?.querySelector("button[value=all]");
      if ("more" in table.dataset && every) return every.click();
      for (const box of boxes()) box.checked = true;
      tell();
    });
    const all = table.querySelector("[data-all]");
    if (all) {
      all.hidden = false;
      all.addEventListener("click", () => {
        const some = [...boxes()].some((box) => !box.checked);
        for (const box of boxes()) box.checked = some;
        tell();
      });
    }
  }

  // What somebody writes: whoever leaves the page is asked first; it is sent once the desk answers,
  // so that nothing is lost where the connection is; and it is saved before the desk is locked.
  const writing = document.querySelector("[data-writing]");
  let isChanged = false;
  if (writing) {
    const offline = document.getElementById("offline");
    const locked = document.getElementById("locked-meanwhile");
    writing.addEventListener("input", () => { isChanged = true; });
    writing.addEventListener("submit", async (event) => {
      if (writing.dataset.answers || writing.dataset.sent) return;
      event.preventDefault();
      event.stopPropagation();
      writing.dataset.sent = "yes";
      const answer = await fetch("/session/left", { credentials: "same-origin" }).catch(() => null);
      delete writing.dataset.sent;
      offline.hidden = Boolean(answer?.ok);
      locked.hidden = !answer?.headers.get("x-desk");
      if (!offline.hidden) return offline.scrollIntoView();
      if (!locked.hidden) return locked.scrollIntoView();
      writing.dataset.answers = "yes";
      writing.requestSubmit(event.submitter);
    });
    addEventListener("beforeunload", (event) => {
      if (isChanged && !writing.dataset.sent) event.preventDefault();
    });
  }
  // What it costs follows what is written: asked of the server a moment after the last key.
  const costs = writing?.querySelector("[data-count-for]");
  if (costs) {
    let asked = 0;
    const count = async () => {
      const mine = ++asked;
      const sent = new FormData(writing);
      sent.delete("file");
      const answer = await fetch(costs.dataset.countFor, { method: "POST", body: new URLSearchParams(sent), credentials: "same-origin" }).catch(() => null);
      if (mine !== asked || !answer?.ok || answer.headers.get("x-desk")) return;
      const text = await answer.text();
      if (mine !== asked) return;
      if (costs.dataset.last !== text) costs.innerHTML = text;
      costs.dataset.last = text;
      if (text.includes('class="badge busy"')) later(2000);
    };
    let wait = 0;
    const later = (time) => {
      clearTimeout(wait);
      wait = setTimeout(count, time);
    };
    writing.addEventListener("input", () => later(700));
    count();
  }

  const saveQuietly = async () => {
    if (!isChanged) return;
    const sent = new FormData(writing);
    sent.delete("file");
    const saved = await fetch(`${writing.action}/sichern`, { method: "POST", body: new URLSearchParams(sent), credentials: "same-origin" });
    const version = saved.ok ? await saved.text() : "";
    if (!version) return;
    writing.elements.version.value = version;
    isChanged = false;
  };

  // A template's text is looked at as it is typed; a fault leads to its word.
  const checks = document.querySelector("[data-checks]");
  const checked = document.getElementById("checked");
  if (checks && checked) {
    let due = 0;
    let asked = 0;
    const check = async () => {
      const mine = ++asked;
      const sent = new URLSearchParams(new FormData(checks));
      const answer = await fetch(checks.dataset.checks, { method: "POST", body: sent, credentials: "same-origin" }).catch(() => null);
      if (!answer?.ok || answer.headers.get("x-desk") || mine !== asked) return;
      const text = await answer.text();
      if (mine === asked) checked.innerHTML = text;
    };
    checks.addEventListener("input", () => {
      clearTimeout(due);
      due = setTimeout(check, 500);
    });
    checked.addEventListener("click", (event) => {
      const link = event.target.closest("[data-select]");
      const place = link && document.getElementById(link.hash.slice(1));
      if (!place) return;
      event.preventDefault();
      const [start, length] = link.dataset.select.split(",").map(Number);
      place.focus();
      place.setSelectionRange(start, start + length);
    });
  }

  // A form is sent once; the server knows a second one again in any case.
  document.addEventListener("submit", (event) => {
    if (event.target.dataset.sent) event.preventDefault();
    event.target.dataset.sent = "yes";
  });
  addEventListener("pageshow", () => {
    for (const form of document.forms) {
      delete form.dataset.sent;
      delete form.dataset.answers;
    }
  });

  // The warning before the desk is locked. Another window may have kept it awake: it is asked.
  const warning = document.getElementById("lock-warning");
  if (warning && body.dataset.left) {
    const BEFORE = 90;
    const ask = async () => {
      try {
        const answer = await fetch("/session/left", { credentials: "same-origin" });
        if (answer.headers.get("x-desk")) {
          if (!isChanged) return location.reload();
          return void (document.getElementById("locked-meanwhile").hidden = false);
        }
        const left = Number(await answer.text());
        warning.hidden = left > BEFORE;
        if (!warning.hidden) await saveQuietly();
        plan(left);
      } catch { setTimeout(ask, 5000); }
    };
    const plan = (left) => setTimeout(ask, 1000 * (left > BEFORE ? left - BEFORE : Math.max(2, Math.min(left, 15))));
    document.getElementById("lock-stay").addEventListener("click", async () => {
      const sent = new URLSearchParams({ form: body.dataset.form });
      await fetch("/session/stay", { method: "POST", body: sent, credentials: "same-origin" });
      warning.hidden = true;
    });
    // Whoever writes is there: a long text is not lost to the lock.
    let told = performance.now();
    writing?.addEventListener("input", () => {
      if (performance.now() - told < 60000) return;
      told = performance.now();
      const sent = new URLSearchParams({ form: body.dataset.form });
      fetch("/session/stay", { method: "POST", body: sent, credentials: "same-origin" }).catch(() => {});
    });
    plan(Number(body.dataset.left));
  }
})();
