"use strict";
/* Text of the repository is only ever set as textContent or drawn on the canvas. */
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { files, folders, imports, kinds } = data;
  const $ = (id) => document.getElementById(id);
  const state = { open: new Set(), kinds: new Set(kinds.map((_, i) => i)), only: -1, cycles: false, colour: "folder", chosen: null };

  // -- the tree of folders

  const below = folders.map(() => ({ files: [], folders: [] }));
  files.forEach((f, i) => below[f.up].files.push(i));
  folders.forEach((f, i) => { if (f.up >= 0) below[f.up].folders.push(i); });
  const chain = (folder) => { const up = []; for (let at = folder; at >= 0; at = folders[at].up) up.unshift(at); return up; };
  const chains = files.map((f) => chain(f.up));
  const depths = folders.map((_, i) => chain(i).length - 1);
  const base = (path) => path.slice(path.lastIndexOf("/") + 1);
  const short = (folder) => {
    const f = folders[folder], up = f.up >= 0 ? folders[f.up].p : "";
    return f.p ? f.p.slice(up ? up.length + 1 : 0) : data.name;
  };

  function openAtFirst() {
    state.open = new Set([0]);
    let seen = below[0].files.length + below[0].folders.length;
    const todo = [...below[0].folders];
    while (todo.length) {
      todo.sort((a, b) => weights[b] - weights[a] || folders[b].n - folders[a].n || a - b); // tests come last
      const at = todo.shift(), more = below[at].files.length + below[at].folders.length - 1;
      if (seen + more > data.unfolded) continue;
      state.open.add(at);
      seen += more;
      todo.push(...below[at].folders);
    }
  }

  // -- colours

  const languages = [...new Set(files.map((f) => f.l))].sort();
  const HUES = [214, 28, 150, 275, 350, 185, 48, 320, 95, 240, 12, 165, 300, 70, 200, 340];
  const weights = folders.map(() => 0);
  const tested = files.some((f) => f.t !== "test");
  files.forEach((f, i) => { if (!tested || f.t !== "test") chains[i].forEach((d) => { weights[d] += 1; }); });
  const groups = groupsOf();
  function groupsOf() {
    // folders that tell the parts of a repository apart: the largest are divided until none holds most of the files
    const total = weights[0], found = [0], done = new Set();
    const own = (g) => weights[g] - found.filter((o) => o !== g && chain(o).includes(g) && nearest(o) === g).reduce((sum, o) => sum + weights[o], 0);
    const nearest = (o) => chain(folders[o].up).reverse().find((f) => found.includes(f));
    for (let step = 0; step < 12; step++) {
      const most = found.filter((g) => !done.has(g)).sort((a, b) => own(b) - own(a) || a - b)[0];
      if (most === undefined || (step && own(most) < total * 0.25)) break;
      done.add(most);
      const parts = below[most].folders.filter((f) => folders[f].n > 1 && (weights[f] >= total * 0.025 || (!weights[f] && folders[f].n >= files.length * 0.1)));
      if (found.length + parts.length <= HUES.length) found.push(...parts);
    }
    return found.sort((a, b) => own(b) - own(a) || a - b);
  }
  const groupOf = new Map();
  folders.forEach((_, i) => {
    const up = chain(i).reverse().find((f) => groups.includes(f));
    groupOf.set(i, up === undefined ? 0 : up);
  });
  const hue = (place) => HUES[place % HUES.length];
  function colour(group, dark, tint) {
    const h = hue(group), ring = Math.floor(group / HUES.length);
    const light = (dark ? 62 : 48) + (ring % 2 ? 10 : 0);
    return tint ? `hsl(${h}, 45%, ${dark ? 30 : 80}%)` : `hsl(${h}, ${55 - 8 * (ring % 3)}%, ${light}%)`;
  }
  const fileGroup = (f) => (state.colour === "language" ? languages.indexOf(f.l) : groups.indexOf(groupOf.get(f.up)));
  const folderGroup = (i) => groups.indexOf(groupOf.get(i));
  let dark = matchMedia("(prefers-color-scheme: dark)").matches;

  // -- what is shown

  const inOnly = (folderChain) => state.only < 0 || folderChain.includes(state.only);
  const shownFile = (i) => inOnly(chains[i]) && (!state.cycles || files[i].c >= 0);
  function stands(i) {
    for (const folder of chains[i]) if (!state.open.has(folder)) return `d${folder}`;
    return `f${i}`;
  }

  function elements() {
    const nodes = [], visible = new Set(), held = new Map();
    files.forEach((f, i) => {
      if (!shownFile(i)) return;
      const id = stands(i);
      for (const folder of chains[i]) {
        held.set(folder, (held.get(folder) || 0) + 1);
        if (!state.open.has(folder)) break;
      }
      if (visible.has(id) || id[0] === "d") return visible.add(id);
      visible.add(id);
      nodes.push({ data: { id, label: base(f.p), w: 2 * f.r, colour: colour(fileGroup(f), dark), z: 500 }, position: { x: f.x, y: f.y },
        classes: `file${f.c >= 0 ? " cycle" : ""}${f.t === "test" ? " test" : ""}` });
    });
    held.forEach((count, i) => {
      const f = folders[i], open = state.open.has(i), written = Math.max(short(i).length, 8);
      const font = open ? Math.max(6, Math.min(30, f.r / 8)) : Math.max(4, Math.min(60, f.r / 3.2, (2.9 * f.r) / written));
      const label = open ? short(i) : `${short(i)}\n${count} file${count === 1 ? "" : "s"}`;
      nodes.push({ data: { id: `d${i}`, label: i === 0 && open ? "" : label, w: 2 * f.r, font, z: open ? depths[i] : 400, tint: colour(folderGroup(i), dark, true), colour: colour(folderGroup(i), dark) },
        position: { x: f.x, y: f.y }, classes: `folder ${open ? "open" : "folded"}${i === 0 ? " root" : ""}` });
    });
    const lines = new Map();
    for (const [a, b, kind] of imports) {
      if (!state.kinds.has(kind) || !shownFile(a) || !shownFile(b)) continue;
      const from = stands(a), to = stands(b);
      if (from === to) continue;
      const key = `${from}>${to}`, circular = files[a].c >= 0 && files[a].c === files[b].c;
      const line = lines.get(key) || { from, to, count: 0, soft: true, circular: false };
      line.count += 1;
      line.soft = line.soft && (kinds[kind] === "type" || kinds[kind] === "lazy");
      line.circular = line.circular || (circular && kinds[kind] !== "type" && kinds[kind] !== "lazy");
      lines.set(key, line);
    }
    const many = lines.size > 1200;
    const edges = [...lines].map(([key, l]) => ({
      data: { id: `e${key}`, source: l.from, target: l.to, count: l.count, width: Math.min(7, 0.8 + Math.log2(l.count) * 0.9) },
      classes: `${l.soft ? "soft " : ""}${l.circular ? "circular " : ""}${many ? "many" : ""}`,
    }));
    return { nodes, edges };
  }

  function style() {
    const text = dark ? "#e6e9ef" : "#1d2330", page = dark ? "#12151c" : "#f7f8fa", line = dark ? "#8d98ab" : "#707b8f", bad = dark ? "#ff6b6b" : "#cf2e2e", strong = dark ? "#7ea6ff" : "#2456c4";
    const font = "system-ui, Segoe UI, DejaVu Sans, sans-serif";
    return [
      { selector: "node", style: { width: "data(w)", height: "data(w)", label: "data(label)", color: text, "font-family": font, "z-index": "data(z)", "z-index-compare": "manual", "text-outline-color": page, "overlay-opacity": 0 } },
      { selector: "node.file", style: { "background-color": "data(colour)", "border-width": 1, "border-color": page, "font-size": 5, "text-valign": "bottom", "text-margin-y": 1, "text-outline-width": 0.8, "min-zoomed-font-size": 7 } },
      { selector: "node.test", style: { "background-opacity": 0.55 } },
      { selector: "node.cycle", style: { "border-color": bad, "border-width": 2 } },
      { selector: "node.folder", style: { "font-size": "data(font)", "text-outline-width": 2, "font-weight": 600 } },
      { selector: "node.open", style: { "background-color": "data(tint)", "background-opacity": dark ? 0.16 : 0.17, "border-width": 1, "border-color": "data(colour)", "border-opacity": 0.45, "text-valign": "top", "text-margin-y": "2", "min-zoomed-font-size": 8 } },
      { selector: "node.root", style: { "background-opacity": 0, "border-opacity": 0, events: "no" } },
      { selector: "node.folded", style: { "background-color": "data(tint)", "background-opacity": dark ? 0.85 : 0.8, "border-width": 2, "border-color": "data(colour)", "text-valign": "center", "text-wrap": "wrap", "text-outline-width": 0, "min-zoomed-font-size": 5 } },
      { selector: "edge", style: { width: "data(width)", "line-color": line, "line-opacity": 0.38, "curve-style": "unbundled-bezier", "control-point-distances": "14", "control-point-weights": "0.5", "target-arrow-shape": "triangle", "target-arrow-color": line, "arrow-scale": 0.45, "z-index": 300, "z-index-compare": "manual", "overlay-opacity": 0 } },
      { selector: "edge.many", style: { "curve-style": "haystack", "haystack-radius": 0, "line-opacity": 0.25 } },
      { selector: "edge.soft", style: { "line-style": "dashed" } },
      { selector: "edge.circular", style: { "line-color": bad, "target-arrow-color": bad, "line-opacity": 0.75, "z-index": 310 } },
      { selector: ".dim", style: { opacity: 0.12 } },
      { selector: "node.open.dim", style: { opacity: 0.6 } },
      { selector: "edge.out", style: { "line-color": strong, "target-arrow-color": strong, "line-opacity": 0.95, "z-index": 600 } },
      { selector: "edge.in", style: { "line-color": dark ? "#f2b45c" : "#b86a00", "target-arrow-color": dark ? "#f2b45c" : "#b86a00", "line-opacity": 0.95, "z-index": 600 } },
      { selector: "node.near", style: { "z-index": 650, "min-zoomed-font-size": 3 } },
      { selector: "node.chosen", style: { "border-color": strong, "border-width": 3, "z-index": 700, "min-zoomed-font-size": 0, "font-weight": 700 } },
    ];
  }

  openAtFirst();
  const graph = cytoscape({ container: $("graph"), elements: elements(), style: style(), layout: { name: "preset" }, autoungrabify: true, boxSelectionEnabled: false,
    minZoom: 0.02, maxZoom: 12, hideEdgesOnViewport: imports.length > 4000, textureOnViewport: false, pixelRatio: Math.min(2, devicePixelRatio || 1) });
  graph.fit(undefined, 30);

  function draw() {
    graph.batch(() => { graph.elements().remove(); graph.add(elements()); });
    graph.style(style());
    mark();
    legend();
  }

  // -- choosing

  function mark() {
    graph.batch(() => {
      graph.elements().removeClass("dim in out near chosen");
      if (state.chosen === null) return;
      const node = graph.getElementById(state.chosen[0] === "f" ? stands(Number(state.chosen.slice(1))) : state.chosen);
      if (node.empty()) return;
      graph.elements().addClass("dim");
      const out = node.outgoers("edge"), into = node.incomers("edge"), near = out.targets().union(into.sources());
      out.removeClass("dim").addClass("out");
      into.removeClass("dim").addClass("in");
      near.removeClass("dim").addClass("near");
      node.removeClass("dim").addClass("chosen");
    });
  }

  function choose(id, move) {
    state.chosen = id;
    if (id !== null && move) {
      const up = id[0] === "f" ? chains[Number(id.slice(1))] : chain(folders[Number(id.slice(1))].up);
      const closed = up.filter((f) => !state.open.has(f));
      closed.forEach((f) => state.open.add(f));
      if (id[0] === "f" && !shownFile(Number(id.slice(1)))) { state.only = -1; state.cycles = false; $("only").value = "-1"; $("cycles").checked = false; }
      draw();
      const node = graph.getElementById(id);
      if (node.nonempty()) graph.animate({ center: { eles: node }, zoom: Math.max(graph.zoom(), 1.6) }, { duration: 250 });
    } else mark();
    detail();
  }

  function item(text, small, action) {
    const row = document.createElement("li"), button = document.createElement("button"), name = document.createElement("span"), note = document.createElement("small");
    button.type = "button";
    name.textContent = text;
    note.textContent = small;
    button.append(name, note);
    if (action) button.addEventListener("click", action); else button.disabled = true;
    row.append(button);
    return row;
  }

  function put(parent, tag, text, className) {
    const element = document.createElement(tag);
    element.textContent = text;
    if (className) element.className = className;
    parent.append(element);
    return element;
  }

  function list(parent, title, rows) {
    put(parent, "h3", `${title} (${rows.length})`);
    const ul = put(parent, "ul", "", "list");
    rows.forEach((row) => ul.append(row));
  }

  function detail() {
    const box = $("detail");
    box.replaceChildren();
    box.hidden = state.chosen === null;
    if (box.hidden) return;
    const number = Number(state.chosen.slice(1));
    if (state.chosen[0] === "d") {
      put(box, "h2", folders[number].p || data.name);
      put(box, "p", `folder, ${folders[number].n} files`);
      const row = put(box, "div", "", "row"), fold = put(row, "button", state.open.has(number) ? "Fold" : "Unfold");
      fold.addEventListener("click", () => { toggle(number); detail(); });
      return;
    }
    const file = files[number];
    put(box, "h2", file.p);
    put(box, "p", [file.l || "no grammar", file.t].filter(Boolean).join(", "));
    if (file.c >= 0) put(box, "p", `in an import cycle of ${files.filter((f) => f.c === file.c).length} files`, "bad");
    const to = imports.filter((e) => e[0] === number), from = imports.filter((e) => e[1] === number);
    list(box, "Imports", to.map((e) => item(files[e[1]].p, `${kinds[e[2]]} :${e[3]}`, () => choose(`f${e[1]}`, true))));
    list(box, "Imported by", from.map((e) => item(files[e[0]].p, `${kinds[e[2]]} :${e[3]}`, () => choose(`f${e[0]}`, true))));
    list(box, "Defines", file.s.map((s) => item(s[0], `${s[1]} :${s[2]}`)));
  }

  function toggle(folder) {
    if (state.open.has(folder)) state.open.delete(folder); else state.open.add(folder);
    draw();
  }

  graph.on("tap", (event) => {
    if (event.target === graph) return choose(null, false);
    if (!event.target.isNode()) return;
    const id = event.target.id();
    if (event.target.hasClass("folded")) { state.chosen = null; detail(); toggle(Number(id.slice(1))); return; }
    choose(id, false);
  });
  graph.on("dbltap", "node.open", (event) => { state.chosen = null; detail(); toggle(Number(event.target.id().slice(1))); });
  graph.on("mouseover", "node", (event) => { const id = event.target.id(), n = Number(id.slice(1)); $("graph").title = id[0] === "f" ? files[n].p : folders[n].p; });
  graph.on("mouseout", "node", () => { $("graph").title = ""; });

  // -- the side panel

  function search() {
    const wanted = $("search").value.trim().toLowerCase(), box = $("found");
    box.replaceChildren();
    box.hidden = !wanted;
    if (!wanted) return;
    const rows = [];
    files.forEach((f, i) => {
      const path = f.p.toLowerCase(), at = path.lastIndexOf(wanted);
      if (at >= 0) rows.push([base(path).startsWith(wanted) ? 0 : 2, f.p, f.l, i]);
      for (const s of f.s) {
        const name = s[0].toLowerCase(), last = name.slice(name.lastIndexOf(".") + 1);
        if (last.startsWith(wanted)) rows.push([last === wanted ? 0 : 1, s[0], `${s[1]} in ${base(f.p)}:${s[2]}`, i]);
      }
    });
    rows.sort((a, b) => a[0] - b[0] || a[1].length - b[1].length || (a[1] < b[1] ? -1 : a[1] > b[1] ? 1 : a[3] - b[3]));
    rows.slice(0, 60).forEach(([, text, small, i]) => box.append(item(text, small, () => choose(`f${i}`, true))));
    if (!rows.length) put(box, "li", "nothing found");
  }

  function legend() {
    const box = $("legend");
    box.replaceChildren();
    const row = (className, colourOf, text) => {
      const li = put(box, "li", ""), mark_ = put(li, "span", "", className);
      if (className === "dot") mark_.style.backgroundColor = colourOf; else { mark_.style.borderTopColor = colourOf; if (text.startsWith("for types")) mark_.style.borderTopStyle = "dashed"; }
      put(li, "span", text);
    };
    const used = new Map();
    files.forEach((f, i) => { if (shownFile(i)) used.set(fileGroup(f), (used.get(fileGroup(f)) || 0) + 1); });
    [...used].sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, 16).forEach(([g, count]) => {
      const name = state.colour === "language" ? languages[g] || "no grammar" : folders[groups[g]].p || "(top folder)";
      row("dot", colour(g, dark), `${name}, ${count.toLocaleString("en")}`);
    });
    const css = getComputedStyle(document.documentElement);
    row("dash", css.getPropertyValue("--soft"), "import, thicker for more");
    row("dash", css.getPropertyValue("--soft"), "for types or inside functions only");
    if (files.some((f) => f.c >= 0)) row("dash", css.getPropertyValue("--bad"), "import cycle");
    put(box, "li", "Larger circle: more importers. Pale: tests. Click a folder to unfold it, double-click to fold it.");
  }

  function theme() {
    document.documentElement.classList.toggle("dark", dark);
    draw();
  }

  const loops = new Set(files.filter((f) => f.c >= 0).map((f) => f.c)).size;
  const count = (n, noun) => `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;
  $("name").textContent = data.name;
  $("summary").textContent = [count(files.length, "file"), count(imports.length, "import"), count(loops, "import cycle")].join(", ") + (data.others ? `; ${count(data.others, "other file")} left out` : "");
  kinds.forEach((kind, i) => {
    const number = imports.filter((e) => e[2] === i).length;
    if (!number) return;
    const label = put($("kinds"), "label", ""), box = document.createElement("input");
    box.type = "checkbox";
    box.checked = true;
    box.addEventListener("change", () => { if (box.checked) state.kinds.add(i); else state.kinds.delete(i); draw(); });
    label.append(box, ` ${kind} (${number.toLocaleString("en")})`);
  });
  const all = put($("only"), "option", "all");
  all.value = "-1";
  folders.forEach((f, i) => { if (i && depths[i] < 3) put($("only"), "option", f.p).value = String(i); });
  $("only").addEventListener("change", () => {
    state.only = Number($("only").value);
    if (state.only >= 0) chain(state.only).forEach((f) => state.open.add(f));
    draw();
    graph.fit(state.only < 0 ? undefined : graph.getElementById(`d${state.only}`), 30);
  });
  $("colour").addEventListener("change", () => { state.colour = $("colour").value; draw(); });
  $("cycles").addEventListener("change", () => { state.cycles = $("cycles").checked; if (state.cycles) files.forEach((f, i) => { if (f.c >= 0) chains[i].forEach((d) => state.open.add(d)); }); draw(); });
  $("unfold").addEventListener("click", () => { folders.forEach((_, i) => state.open.add(i)); draw(); });
  $("fold").addEventListener("click", () => { state.open = new Set([0]); draw(); graph.fit(undefined, 30); });
  $("fit").addEventListener("click", () => graph.fit(undefined, 30));
  $("theme").addEventListener("click", () => { dark = !dark; theme(); });
  $("search").addEventListener("input", search);
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== $("search")) { event.preventDefault(); $("search").focus(); }
    if (event.key === "Escape") { $("search").value = ""; search(); choose(null, false); }
  });
  theme();
  window.v4graph = { graph, choose, state };
})();
