// The page around the frames: asks for a look, shows it, and asks again when the server says that something was saved.
"use strict";
(() => {
  const at = id => document.getElementById(id);
  const all = what => [...document.querySelectorAll(what)];
  const make = (tag, name, text) => Object.assign(document.createElement(tag), { className: name, textContent: text });
  const VIEWS = ["desktop", "phone", "dark", "forced", "text", "headers", "source"];
  const PICTURES = { own: "Pictures: the mail’s own", all: "Pictures: web too", none: "Pictures: none" };
  const SEEN = { error: "error", warning: "warning", note: "note" };

  // What is looked at stands in the address, so that reloading the page keeps it.
  const kept = new URLSearchParams(location.hash.slice(1));
  const state = {
    view: VIEWS.includes(kept.get("view")) ? kept.get("view") : "desktop",
    pictures: kept.get("pictures") in PICTURES ? kept.get("pictures") : "own",
    as: kept.get("as") || "", tier: kept.get("tier") || "", problems: kept.get("problems") || "",
  };
  let look = null;
  const keep = () => history.replaceState(null, "", "#" + new URLSearchParams(Object.entries(state).filter(([, value]) => value)));
  const query = more => new URLSearchParams({ as: state.as, tier: state.tier, ...more });

  // A pane's frame: the new document loads behind the old one and takes its place and scroll position.
  const frame = pane => {
    const old = pane.querySelector("iframe:not(.coming)");
    pane.querySelectorAll("iframe.coming").forEach(one => one.remove());
    const coming = document.createElement("iframe");
    coming.className = "coming";
    coming.title = pane.id.slice(5);
    coming.setAttribute("sandbox", "allow-same-origin allow-popups allow-popups-to-escape-sandbox");
    coming.referrerPolicy = "no-referrer";
    coming.src = "mail?" + query({ scheme: pane.dataset.scheme, pictures: state.pictures, number: look.number });
    coming.addEventListener("load", () => {
      if (old && old.contentWindow && coming.contentWindow) coming.contentWindow.scrollTo(old.contentWindow.scrollX, old.contentWindow.scrollY);
      if (coming.contentWindow) coming.contentWindow.addEventListener("keydown", keys);
      coming.className = "";
      if (old) old.remove();
      pane.dataset.shown = coming.src;
    });
    pane.append(coming);
    pane.dataset.asked = coming.src;
  };
  const framed = () => {
    const pane = at("pane-" + state.view);
    if (!pane.classList.contains("framed") || !look || !look.has_mail) return;
    const wanted = new URL("mail?" + query({ scheme: pane.dataset.scheme, pictures: state.pictures, number: look.number }), location).href;
    if (pane.dataset.asked !== wanted) frame(pane);
  };

  const show = view => {
    state.view = view;
    document.body.dataset.view = view;
    all("nav [role=tab]").forEach(tab => tab.setAttribute("aria-selected", tab.dataset.view === view));
    keep();
    framed();
  };

  const kB = octets => (octets / 1000).toFixed(octets < 10000 ? 1 : 0) + " kB";
  const sized = () => {
    const share = look.html_octets / look.clip_octets;
    at("fill").style.width = Math.min(100, share * 100) + "%";
    at("meter").dataset.near = share > 1 ? "over" : share > 0.85 ? "close" : "";
    at("size").textContent = kB(look.html_octets) + " of " + kB(look.clip_octets);
    at("meter").title = "The HTML part. Gmail cuts what is longer than " + kB(look.clip_octets) + ". The whole mail with its pictures: " + kB(look.mail_octets);
  };
  const complain = () => {
    const list = at("problems-list");
    list.replaceChildren(...look.problems.map(problem => {
      const item = make("li", problem.severity, "");
      item.append(make("span", "severity", SEEN[problem.severity]));
      if (problem.place) {
        const place = Object.assign(make("span", "place", ""), { title: problem.place });
        place.append(Object.assign(make("bdi", "", problem.place), { dir: "ltr" }));
        item.append(place);
      }
      item.append(make("span", "text", problem.text));
      if (problem.hint) item.append(make("span", "hint", problem.hint));
      return item;
    }));
    const counts = Object.keys(SEEN).map(name => [look.problems.filter(one => one.severity === name).length, name]).filter(([count]) => count);
    const said = counts.map(([count, name]) => `${count} ${name}${count > 1 ? "s" : ""}`).join(", ");
    at("problems-title").textContent = said || "Nothing is wrong";
    at("problems-button").textContent = said || "Nothing is wrong";
    at("problems-button").dataset.worst = counts.length ? counts[0][1] : "";
    sided();
  };
  const sided = () => {
    const hidden = state.problems === "hidden" || (state.problems === "" && look && look.problems.every(one => one.severity === "note"));
    document.body.dataset.problems = hidden ? "hidden" : "";
    at("problems-button").setAttribute("aria-expanded", !hidden);
  };
  const named = () => {
    const version = look.paywalled ? (look.tier === "free" ? ", free" : ", paid") : "";
    at("reader").textContent = (state.as || "Made-up reader") + version;
    all("#readers [data-tier]").forEach(one => {
      one.hidden = one.dataset.tier !== "" && !look.paywalled;
      one.setAttribute("aria-pressed", !state.as && one.dataset.tier === state.tier);
    });
    at("search").hidden = at("found").hidden = !look.has_list;
    if (!look.has_list) at("found-note").textContent = "Give --list FILE to choose somebody on your list.";
  };
  const render = () => {
    document.title = (look.problems.some(one => one.severity === "error") ? "✗ " : "") + (look.subject || look.post);
    at("from").textContent = look.from.replace(/\s*<[^>]*>$/, "").replace(/^"|"$/g, "") || look.from;
    at("subject").textContent = look.subject;
    at("inbox-line").textContent = look.inbox_line;
    at("pane-text").textContent = look.text;
    at("headers").replaceChildren(...look.headers.map(([name, value]) => {
      const row = document.createElement("tr");
      row.append(make("td", "", name), make("td", "", value));
      return row;
    }));
    at("source").replaceChildren(...look.source.split("\n").map(line => make("li", "", line)));
    at("eml").href = "mail.eml?" + query({});
    at("pictures").textContent = PICTURES[state.pictures];
    at("pictures").title = `${look.pictures} travel with the mail, ${look.remote_pictures} stand on the web and are loaded only if you ask`;
    at("banner").hidden = !look.stale;
    at("banner").textContent = look.has_mail ? "The post cannot be read as it is now. This is how it was before." : "The post cannot be read as it is now.";
    document.body.dataset.number = look.number;
    sized(); complain(); named(); framed();
  };

  // Looks are asked for one after the other; what comes in meanwhile makes one more.
  let asking = false, again = false;
  const refresh = async () => {
    if (asking) { again = true; return; }
    asking = true;
    at("live").dataset.state = "busy";
    try {
      do {
        again = false;
        const answer = await fetch("look?" + query({}));
        look = await answer.json();
        render();
      } while (again);
      at("live").dataset.state = "";
      at("live").textContent = "live";
    } catch { over(); }
    asking = false;
  };
  const over = () => {
    at("live").dataset.state = "over";
    at("live").textContent = "the preview has ended";
  };

  const choose = (as, tier) => {
    state.as = as; state.tier = tier;
    keep(); open(false); refresh();
  };
  let searches = 0;
  const search = async () => {
    if (!look.has_list) return;
    const mine = ++searches;
    if (!at("found").children.length) at("found-note").textContent = "Reading the list…";
    const answer = await fetch("readers?" + new URLSearchParams({ q: at("search").value })).then(one => one.json()).catch(() => null);
    if (!answer || mine !== searches) return;
    at("found").replaceChildren(...answer.readers.map((reader, index) => {
      const item = make("button", "", "");
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", index === 0);
      const who = make("span", "who", reader.address + " ");
      who.append(make("span", "name", reader.name));
      item.append(who);
      if (look.paywalled) item.append(make("span", "version", reader.version === "full" ? "paid" : "free"));
      item.addEventListener("click", () => choose(reader.address, ""));
      return item;
    }));
    at("found-note").textContent = answer.problem || (answer.more ? "There are more; type a part of the address or name." : answer.readers.length ? "" : "Nobody whom this post is for.");
  };
  const open = wanted => {
    at("readers").hidden = !wanted;
    at("reader").setAttribute("aria-expanded", wanted);
    if (wanted) { search(); (look.has_list ? at("search") : at("readers").querySelector("button")).focus(); }
  };
  const move = step => {
    const items = all("#found button");
    const now = items.findIndex(one => one.getAttribute("aria-selected") === "true");
    const next = items[Math.max(0, Math.min(items.length - 1, now + step))];
    if (!next) return;
    items.forEach(one => one.setAttribute("aria-selected", one === next));
    next.scrollIntoView({ block: "nearest" });
  };
  const pictures = () => {
    const names = Object.keys(PICTURES);
    state.pictures = names[(names.indexOf(state.pictures) + 1) % names.length];
    keep(); render();
  };
  const problems = () => {
    state.problems = document.body.dataset.problems === "hidden" ? "shown" : "hidden";
    keep(); sided();
  };

  const keys = event => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") { open(false); return; }
    if (event.target.tagName === "INPUT" || at("help").open) return;
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const view = step ? VIEWS[VIEWS.indexOf(state.view) + step] : VIEWS[Number(event.key) - 1];
    const act = { r: () => open(at("readers").hidden), i: pictures, w: problems, "?": () => at("help").showModal() }[event.key];
    if (view) show(view); else if (act) act(); else return;
    event.preventDefault();
  };
  addEventListener("keydown", keys);
  at("search").addEventListener("input", search);
  at("search").addEventListener("keydown", event => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") { move(event.key === "ArrowDown" ? 1 : -1); event.preventDefault(); }
    if (event.key === "Enter") { const chosen = at("found").querySelector("[aria-selected=true]"); if (chosen) chosen.click(); }
  });
  all("nav [role=tab]").forEach(tab => tab.addEventListener("click", () => show(tab.dataset.view)));
  all("#readers [data-tier]").forEach(one => one.addEventListener("click", () => choose("", one.dataset.tier)));
  at("reader").addEventListener("click", () => open(at("readers").hidden));
  at("pictures").addEventListener("click", pictures);
  at("problems-button").addEventListener("click", problems);
  at("help-button").addEventListener("click", () => at("help").showModal());
  addEventListener("click", event => { if (!event.target.closest(".choice")) open(false); });

  show(state.view);
  const news = new EventSource("events");
  news.addEventListener("message", refresh);
  news.addEventListener("over", () => { news.close(); over(); });
  news.addEventListener("error", () => { if (news.readyState === EventSource.CLOSED) over(); });
})();
