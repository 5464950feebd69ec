"use strict";
(() => {
  let data; // what this page draws from; a live page takes it anew
  const tip = document.getElementById("tip");
  const box = { left: 66, right: 468, top: 10, bottom: 256 }; // as in drawing.go
  // What a reader has chosen. Names and not places carry it, so that a live page keeps it when curves and figures come.
  const state = { along: "x", smooth: 0, hidden: new Set(), views: new Map(), sorted: new Map(), open: new Set() };
  const svg = (name, attributes, text) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    if (text !== undefined) node.textContent = text;
    return node;
  };

  const show = (x) => {
    if (x === 0) return "0";
    const size = Math.abs(x);
    const text = size >= 1e6 || size < 1e-4 ? String(Number(x.toPrecision(3)).toExponential()) : size >= 1000 ? x.toLocaleString("en", { maximumFractionDigits: 0 }) : String(Number(x.toPrecision(4)));
    return text.replace(/^-/, "−").replace("e+", "e").replace("e-", "e−");
  };

  function scale(low, high, from, to, log) {
    const f = log ? Math.log : (x) => x;
    const a = f(low), b = f(high);
    return {
      low, high, log,
      at: (x) => from + (f(x) - a) / (b - a) * (to - from),
      of: (p) => { const v = a + (p - from) / (to - from) * (b - a); return log ? Math.exp(v) : v; },
    };
  }

  // roomy leaves a margin around a range, and gives a single value some room.
  function roomy(low, high, log) {
    if (!(low <= high)) return log ? [0.1, 1] : [0, 1];
    if (low === high) {
      if (log) return [low / 2, high * 2];
      const size = Math.max(Math.abs(low) * 0.1, 1e-12);
      return [low - size, high + size];
    }
    if (log) { const margin = Math.pow(high / low, 0.04); return [low / margin, high * margin]; }
    const margin = (high - low) * 0.04;
    return [low - margin, high + margin];
  }

  function ticks(s) {
    const out = [];
    if (s.log && s.high / s.low >= 8) {
      const from = Math.ceil(Math.log10(s.low) - 1e-9), to = Math.floor(Math.log10(s.high) + 1e-9);
      const every = Math.max(1, Math.ceil((to - from + 1) / 7));
      for (let e = from; e <= to; e++) if (e % every === 0) out.push(Number("1e" + e));
      if (out.length < 3) for (let e = from - 1; e <= to; e++) for (const d of [2, 5]) {
        const x = Number(d + "e" + e);
        if (x >= s.low && x <= s.high) out.push(x);
      }
      return out;
    }
    const power = Math.pow(10, Math.floor(Math.log10((s.high - s.low) / 5)));
    const step = [1, 2, 5, 10].map((f) => f * power).find((f) => (s.high - s.low) / f <= 6) || power * 10;
    for (let k = Math.ceil(s.low / step - 1e-9); k * step <= s.high + 1e-9 * step && out.length < 20; k++) out.push(Number((k * step).toPrecision(12)));
    return out;
  }

  // smoothed is an exponential moving average, in the order of the points, without the pull of its start.
  function smoothed(points) {
    if (state.smooth === 0) return points;
    let sum = 0, weight = 0;
    return points.map((p) => {
      sum = state.smooth * sum + (1 - state.smooth) * p.y;
      weight = state.smooth * weight + 1 - state.smooth;
      return { ...p, y: sum / weight };
    });
  }

  function points(chart, curve) {
    const xs = chart.along && state.along !== "x" ? curve[state.along] : curve.x;
    if (!xs) return [];
    const seen = (x, y) => x !== null && y !== null && (!chart.logx || x > 0) && (!chart.logy || y > 0);
    return curve.y.map((y, i) => ({ x: xs[i], y, low: curve.low ? curve.low[i] : null, high: curve.high ? curve.high[i] : null })).filter((p) => seen(p.x, p.y));
  }

  const path = (ps, X, Y) => ps.map((p, i) => (i ? "L" : "M") + X.at(p.x).toFixed(1) + " " + Y.at(p.y).toFixed(1)).join("");

  function draw(chart) {
    const visible = chart.curves.filter((c) => !state.hidden.has(data.series[c.series])).map((curve) => {
      const raw = points(chart, curve);
      return { curve, raw, ps: curve.kind === "marks" ? raw : smoothed(raw) };
    });
    let lowX = Infinity, highX = -Infinity, lowY = Infinity, highY = -Infinity;
    const zoom = chart.zoom;
    const inside = (x) => !zoom || x >= zoom[0] && x <= zoom[1];
    for (const { raw, ps } of visible) for (const p of raw.concat(ps)) {
      lowX = Math.min(lowX, p.x); highX = Math.max(highX, p.x);
      if (!inside(p.x)) continue;
      for (const y of [p.y, p.low, p.high]) if (y !== null && y !== undefined && (!chart.logy || y > 0)) { lowY = Math.min(lowY, y); highY = Math.max(highY, y); }
    }
    const [x0, x1] = zoom || roomy(lowX, highX, chart.logx), [y0, y1] = roomy(lowY, highY, chart.logy);
    const X = scale(x0, x1, box.left, box.right, chart.logx), Y = scale(y0, y1, box.bottom, box.top, chart.logy);
    Object.assign(chart, { X, Y, visible });
    const plot = chart.figure.querySelector("g.plot");
    plot.replaceChildren();
    for (const x of ticks(X)) {
      const at = X.at(x).toFixed(1);
      plot.append(svg("line", { class: "rule", x1: at, x2: at, y1: box.top, y2: box.bottom }), svg("text", { class: "x", x: at, y: box.bottom, dy: 16 }, show(x)));
    }
    for (const y of ticks(Y)) {
      const at = Y.at(y).toFixed(1);
      plot.append(svg("line", { class: "rule", x1: box.left, x2: box.right, y1: at, y2: at }), svg("text", { class: "y", x: box.left, y: at, dx: -6, dy: 4 }, show(y)));
    }
    const inner = svg("g", { "clip-path": `url(#clip-${chart.id})` });
    plot.append(inner);
    for (const { curve, raw, ps } of visible) {
      const color = " c" + data.colors[curve.series];
      const band = raw.filter((p) => p.low !== null && p.high > p.low && (!chart.logy || p.low > 0));
      if (band.length > 1 && state.smooth === 0) {
        const up = band.map((p) => ({ x: p.x, y: p.high })), down = band.map((p) => ({ x: p.x, y: p.low })).reverse();
        inner.append(svg("path", { class: "band" + color, d: path(up.concat(down), X, Y) + "Z" }));
      }
      if (curve.kind === "marks" || ps.length === 1) {
        for (const p of ps) inner.append(svg("circle", { class: "mark" + color, cx: X.at(p.x).toFixed(1), cy: Y.at(p.y).toFixed(1), r: 3 }));
        continue;
      }
      if (state.smooth > 0) inner.append(svg("path", { class: "curve faint" + color, d: path(raw, X, Y) }));
      inner.append(svg("path", { class: "curve " + curve.kind + color, d: path(ps, X, Y) }));
    }
    plot.append(svg("text", { class: "xlabel", x: box.right, y: box.bottom, dy: 36 }, chart.along && state.along !== "x" ? state.along : chart.xlabel));
  }

  const drawAll = () => data.charts.forEach(draw);

  // nearest is the point of ps, which ascend in x, whose x is nearest.
  function nearest(ps, x, log) {
    const f = log ? Math.log : (v) => v;
    let best = null;
    for (const p of ps) if (best === null || Math.abs(f(p.x) - f(x)) < Math.abs(f(best.x) - f(x))) best = p;
    return best;
  }

  const curveName = (c) => data.series[c.series] + (c.name ? ", " + c.name : "");

  function hover(chart, at, event) {
    const x = chart.X.of(at);
    const found = chart.visible.map((v) => ({ curve: v.curve, p: nearest(v.ps, x, chart.logx) })).filter((f) => f.p);
    if (found.length === 0) return leave(chart);
    const p = found.reduce((a, b) => Math.abs(chart.X.at(b.p.x) - at) < Math.abs(chart.X.at(a.p.x) - at) ? b : a).p;
    chart.cross.replaceChildren(svg("line", { class: "cross", x1: chart.X.at(p.x), x2: chart.X.at(p.x), y1: box.top, y2: box.bottom }));
    tip.replaceChildren();
    const head = document.createElement("div");
    head.textContent = (chart.along && state.along !== "x" ? state.along : chart.xlabel) + " " + show(p.x);
    tip.append(head);
    for (const f of found.slice(0, 14)) {
      chart.cross.append(svg("circle", { class: "mark c" + data.colors[f.curve.series], cx: chart.X.at(f.p.x), cy: chart.Y.at(f.p.y), r: 3.5 }));
      const row = document.createElement("div"), swatch = document.createElement("span"), name = document.createElement("span"), value = document.createElement("b");
      row.className = "c" + data.colors[f.curve.series];
      swatch.className = "swatch";
      name.textContent = curveName(f.curve);
      value.textContent = show(f.p.y) + (f.p.high > f.p.low && state.smooth === 0 ? " ± " + show((f.p.high - f.p.low) / 2) : "");
      row.append(swatch, name, value);
      tip.append(row);
    }
    tip.hidden = false;
    const room = document.documentElement.clientWidth - tip.offsetWidth - 8;
    tip.style.left = Math.max(4, Math.min(event.clientX + 16, room)) + "px";
    tip.style.top = Math.max(4, Math.min(event.clientY + 16, innerHeight - tip.offsetHeight - 8)) + "px";
  }

  function leave(chart) {
    chart.cross.replaceChildren();
    tip.hidden = true;
  }

  // heading is a name for a figure or table: its own heading and its section's.
  const heading = (node, own) => node.closest("section").querySelector("h2").textContent + "/" + own.textContent;

  function listen(chart) {
    chart.figure = document.getElementById(chart.id);
    const name = heading(chart.figure, chart.figure.querySelector("h3"));
    Object.assign(chart, state.views.get(name));
    const keep = () => state.views.set(name, { zoom: chart.zoom, logx: chart.logx, logy: chart.logy });
    const picture = chart.figure.querySelector("svg");
    const clip = svg("clipPath", { id: "clip-" + chart.id });
    clip.append(svg("rect", { x: box.left, y: box.top - 4, width: box.right - box.left, height: box.bottom - box.top + 8 }));
    chart.cross = svg("g", {});
    picture.prepend(clip);
    picture.append(chart.cross);
    const place = (event) => {
      const bounds = picture.getBoundingClientRect();
      return Math.max(box.left, Math.min(box.right, (event.clientX - bounds.left) / bounds.width * 480));
    };
    let start = null;
    picture.addEventListener("pointerdown", (event) => { start = place(event); });
    picture.addEventListener("pointermove", (event) => {
      const at = place(event);
      if (start !== null && Math.abs(at - start) > 6) {
        tip.hidden = true;
        chart.cross.replaceChildren(svg("rect", { class: "chosen", x: Math.min(at, start), y: box.top, width: Math.abs(at - start), height: box.bottom - box.top }));
      } else hover(chart, at, event);
    });
    picture.addEventListener("pointerup", (event) => {
      const at = place(event);
      if (start !== null && Math.abs(at - start) > 6) {
        chart.zoom = [chart.X.of(Math.min(at, start)), chart.X.of(Math.max(at, start))];
        keep();
        draw(chart);
      }
      start = null;
      leave(chart);
    });
    picture.addEventListener("pointerleave", () => { start = null; leave(chart); });
    picture.addEventListener("dblclick", () => { chart.zoom = null; keep(); draw(chart); });
    for (const button of chart.figure.querySelectorAll("button[data-axis]")) {
      const key = "log" + button.dataset.axis;
      button.setAttribute("aria-pressed", chart[key]);
      button.addEventListener("click", () => {
        chart[key] = !chart[key];
        button.setAttribute("aria-pressed", chart[key]);
        if (key === "logx") chart.zoom = null;
        keep();
        draw(chart);
      });
    }
  }

  // sorting puts rows in the order of a column; those without a value come last either way.
  function sorting(table) {
    const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0];
    let title = table.parentElement.previousElementSibling;
    while (title && !/^H[23]$/.test(title.tagName)) title = title.previousElementSibling;
    const name = heading(table, title);
    const sort = (k, up) => {
      heads.forEach((h) => h.removeAttribute("aria-sort"));
      heads[k].setAttribute("aria-sort", up ? "ascending" : "descending");
      state.sorted.set(name, { column: heads[k].textContent, up });
      const key = (row) => { const cell = row.cells[k]; return "key" in cell.dataset ? (cell.dataset.key === "" ? null : Number(cell.dataset.key.replace("Inf", "Infinity"))) : cell.textContent; };
      const order = (a, b) => typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
      const rows = [...body.rows].map((row) => [key(row), row]);
      rows.sort(([a], [b]) => a === null || b === null ? (a === null) - (b === null) : up ? order(a, b) : order(b, a));
      body.append(...rows.map(([, row]) => row));
    };
    const turn = (k) => sort(k, heads[k].getAttribute("aria-sort") !== "ascending");
    heads.forEach((head, k) => {
      head.tabIndex = 0;
      head.addEventListener("click", () => turn(k));
      head.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); turn(k); } });
    });
    const was = state.sorted.get(name), k = was ? heads.findIndex((h) => h.textContent === was.column) : -1;
    if (k >= 0) sort(k, was.up);
  }

  function legend() {
    const boxes = [...document.querySelectorAll("#legend input")];
    const mark = (input) => {
      for (const node of document.querySelectorAll(`[data-of="${input.dataset.series}"]`)) node.style.opacity = input.checked ? "" : "0.15";
    };
    const toggle = (input) => {
      const name = data.series[Number(input.dataset.series)];
      if (input.checked) state.hidden.delete(name); else state.hidden.add(name);
      mark(input);
    };
    boxes.forEach((input) => {
      input.checked = !state.hidden.has(data.series[Number(input.dataset.series)]);
      mark(input);
      input.addEventListener("change", () => { toggle(input); drawAll(); });
    });
    for (const [id, on] of [["all", true], ["none", false]]) {
      const button = document.getElementById(id);
      if (button) button.addEventListener("click", () => { boxes.forEach((input) => { input.checked = on; toggle(input); }); drawAll(); });
    }
  }

  function controls() {
    const smooth = document.getElementById("smooth"), along = document.getElementById("along");
    if (!smooth) return;
    smooth.value = state.smooth;
    smooth.addEventListener("input", () => { state.smooth = Number(smooth.value); drawAll(); });
    along.value = state.along;
    if (!data.charts.some((c) => c.along && c.curves.some((k) => k.epochs))) along.parentElement.hidden = true;
    along.addEventListener("change", () => {
      state.along = along.value;
      for (const view of state.views.values()) view.zoom = null;
      data.charts.forEach((c) => { if (c.along) c.zoom = null; });
      drawAll();
    });
  }

  // begin gives life to the document as it is.
  function begin() {
    data = JSON.parse(document.getElementById("data").textContent);
    data.charts ??= [];
    document.querySelectorAll("table.sortable").forEach(sorting);
    document.querySelectorAll("details").forEach((d, k) => {
      d.open = state.open.has(k);
      d.addEventListener("toggle", () => { if (d.open) state.open.add(k); else state.open.delete(k); });
    });
    legend();
    controls();
    data.charts.forEach(listen);
    drawAll();
  }

  // follow takes the page anew every few seconds from whoever serves it, and puts in what has changed; a figure in use waits.
  function follow(seconds) {
    const status = document.getElementById("live");
    let tag = "", busy = false;
    document.addEventListener("pointerdown", () => { busy = true; });
    for (const type of ["pointerup", "pointercancel"]) document.addEventListener(type, () => { busy = false; });
    const take = (text) => {
      const page = new DOMParser().parseFromString(text, "text/html");
      for (const part of ["header", "main", "#data"]) document.querySelector(part).replaceWith(document.adoptNode(page.querySelector(part)));
      document.title = page.title;
      tip.hidden = true;
      begin();
    };
    const ask = async () => {
      try {
        const answer = await fetch(location.pathname, { cache: "no-store", headers: tag ? { "If-None-Match": tag } : {} });
        if (answer.status === 200 && !busy) {
          const text = await answer.text();
          take(text);
          tag = answer.headers.get("ETag") || "";
        } else if (answer.status !== 200 && answer.status !== 304) throw new Error((await answer.text()).trim());
        status.textContent = "live, looked at " + new Date().toLocaleTimeString();
        status.classList.remove("lost");
      } catch (error) {
        status.textContent = error instanceof TypeError ? "the program that serves this page has ended or cannot be reached: this is what it showed last" : String(error.message);
        status.classList.add("lost");
      }
      setTimeout(ask, seconds * 1000);
    };
    setTimeout(ask, seconds * 1000);
  }

  document.documentElement.classList.add("scripted");
  begin();
  const live = document.documentElement.dataset.follow;
  if (live) follow(Number(live));
})();
