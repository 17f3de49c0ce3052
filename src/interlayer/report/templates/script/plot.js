"use strict";
/* Figures that can be read out, zoomed and thinned: by pointer and by keyboard. */
(function () {
  var NS = "http://www.w3.org/2000/svg";
  function make(name, attributes, parent) {
    var element = document.createElementNS(NS, name);
    for (var key in attributes) { element.setAttribute(key, attributes[key]); }
    if (parent) { parent.appendChild(element); }
    return element;
  }

  /* ---- scales: [low, high, start, end, log, root] */
  function to(s, v) { return s[4] ? (v > 0 ? Math.log10(v) : NaN) : s[5] ? Math.sign(v) * Math.sqrt(Math.abs(v)) : v; }
  function from(s, u) { return s[4] ? Math.pow(10, u) : s[5] ? Math.sign(u) * u * u : u; }
  function pixel(s, v) {
    var a = to(s, s[0]), share = (to(s, v) - a) / (to(s, s[1]) - a);
    return s[2] + Math.max(-20, Math.min(21, share)) * (s[3] - s[2]);
  }
  function value(s, p) {
    var a = to(s, s[0]);
    return from(s, a + (p - s[2]) / (s[3] - s[2]) * (to(s, s[1]) - a));
  }
  function linear(low, high, count) {
    var raw = (high - low) / Math.max(count, 2), power = Math.pow(10, Math.floor(Math.log10(raw))), found = [];
    var step = [1, 2, 2.5, 5, 10].map(function (f) { return f * power; }).find(function (s) { return s >= raw * 0.999; });
    for (var k = Math.ceil(low / step - 1e-9); k <= high / step + 1e-9; k++) { found.push(+(k * step).toPrecision(12)); }
    return found;
  }
  function ticks(s, count) {
    var found = [], k, m, low = s[0], high = s[1], least = to(s, low);
    if (s[4] && high / low > 8) {
      var first = Math.floor(Math.log10(low)), last = Math.ceil(Math.log10(high)), stride = Math.max(1, Math.floor((last - first) / 7));
      for (k = first; k <= last; k += stride) {
        for (m of last - first > 2 ? [1] : [1, 2, 5]) { found.push(+(m * Math.pow(10, k)).toPrecision(3)); }
      }
    } else if (s[5] && high > 0) {
      var apart = (to(s, high) - least) / (count + 1), kept = Infinity;
      for (k = Math.floor(Math.log10(high)); k > Math.log10(high) - 7; k--) {
        for (m of [5, 2, 1]) {
          var v = +(m * Math.pow(10, k)).toPrecision(3);
          if (v <= high && v >= low && kept - to(s, v) >= apart) { found.push(v); kept = to(s, v); }
        }
      }
      if (low <= 0 && kept > apart) { found.push(0); }
    }
    found = found.filter(function (v) { return v >= low - 1e-9 * Math.abs(low) && v <= high + 1e-9 * Math.abs(high); });
    return found.length > 2 ? found : linear(low, high, count);
  }

  /* ---- path data in fifths of a pixel */
  function fifth(p) { return Math.round(p * 5); }
  function trace(panel, xs, ys) {
    var out = [], pen = false, at = null, low, high;
    for (var i = 0; i < xs.length; i++) {
      var x = fifth(pixel(panel.X, xs[i])), y = fifth(pixel(panel.Y, ys[i]));
      if (x !== x || y !== y) { pen = false; at = null; continue; }
      var here = x >> 1;
      if (pen && here === at && y >= low && y <= high && i < xs.length - 1) { continue; }
      if (here !== at) { at = here; low = high = y; } else { low = Math.min(low, y); high = Math.max(high, y); }
      out.push((pen ? "L" : "M") + x + " " + y);
      pen = true;
    }
    return out;
  }
  var SHAPES = {
    triangle: function (r) { return "m0 " + -r + "l" + r + " " + 2 * r + "h" + -2 * r + "z"; },
    diamond: function (r) { return "m0 " + -r + "l" + r + " " + r + "l" + -r + " " + r + "l" + -r + " " + -r + "z"; }
  };
  function redraw(panel, mark, group, head) {
    var paths = group.children, box = panel.box.map(fifth), col = function (k) { return head.column(k); };
    function put(k, d) { if (paths[k]) { paths[k].setAttribute("d", d.length ? d : "M0 0"); } }
    if (mark.k === "line") { put(0, trace(panel, col(mark.x), col(mark.y)).join("")); }
    if (mark.k === "points") {
      var spot = SHAPES[mark.s], end = spot ? spot(Math.round(3.1 * (mark.r + 1))) : "h0", xs = col(mark.x), dots = "", bars = "";
      col(mark.y).forEach(function (y, i) {
        var a = fifth(pixel(panel.X, xs[i])), b = fifth(pixel(panel.Y, y));
        if (a === a && b === b) { dots += "M" + a + " " + b + end; }
        if (mark.lo !== undefined) {
          var c = fifth(pixel(panel.Y, col(mark.lo)[i])), d = fifth(pixel(panel.Y, col(mark.hi)[i]));
          if (a === a && c === c && d === d) { bars += "M" + a + " " + c + "V" + d; }
        }
      });
      if (mark.lo !== undefined) { put(0, bars); }
      put(paths.length - 1, dots);
    }
    if (mark.k === "band") {
      var up = trace(panel, col(mark.x), col(mark.hi)), down = trace(panel, col(mark.x), col(mark.lo)).reverse();
      put(0, up.join("") + down.map(function (s) { return "L" + s.slice(1); }).join("") + "Z");
    }
    if (mark.k === "bars") {
      var edges = col(mark.x), base = fifth(panel.Y[2]);
      put(0, col(mark.y).map(function (v, i) {
        return "M" + fifth(pixel(panel.X, edges[i])) + " " + base + "V" + fifth(pixel(panel.Y, v)) + "H" + fifth(pixel(panel.X, edges[i + 1])) + "V" + base + "Z";
      }).join(""));
    }
    if (mark.k === "rule" && mark.at !== null) {
      put(0, mark.a === "x" ? "M" + fifth(pixel(panel.X, mark.at)) + " " + box[1] + "v" + box[3] : "M" + box[0] + " " + fifth(pixel(panel.Y, mark.at)) + "h" + box[2]);
    }
    if (mark.k === "ticks") {
      var bottom = paths[0] && /M\S+ (\S+?)v/.exec(paths[0].getAttribute("d"));
      if (bottom) { put(0, col(mark.x).map(function (v) { return "M" + fifth(pixel(panel.X, v)) + " " + bottom[1] + "v-45"; }).join("")); }
    }
    if (mark.k === "text" && paths[0]) {
      paths[0].setAttribute("x", pixel(panel.X, mark.at[0]));
      paths[0].setAttribute("y", pixel(panel.Y, mark.at[1]) - 3);
    }
    if (mark.k === "flat") {
      var m = [panel.X, panel.Y].map(function (s, k) {
        var s0 = k ? panel.Y0 : panel.X0, size = (pixel(s, s0[1]) - pixel(s, s0[0])) / (s0[3] - s0[2]);
        return [size, pixel(s, s0[0]) - size * s0[2]];
      });
      group.setAttribute("transform", "matrix(" + [m[0][0], 0, 0, m[1][0], m[0][1], m[1][1]].join(" ") + ")");
    }
  }
  function axes(panel) {
    var b = panel.box, bottom = b[1] + b[3], lines = "M" + b[0] + " " + b[1] + "V" + bottom + "H" + (b[0] + b[2]);
    panel.axes.replaceChildren();
    function text(x, y, anchor, v) { make("text", { x: x, y: y, "text-anchor": anchor }, panel.axes).textContent = page.number(v, 6); }
    ticks(panel.X, b[2] > 400 ? 8 : 5).forEach(function (v) {
      var x = pixel(panel.X, v);
      lines += "M" + x + " " + bottom + "v4";
      if (!panel.bare) { text(x, bottom + 15, "middle", v); }
    });
    var own = panel.fixed && panel.Y[0] === panel.Y0[0] && panel.Y[1] === panel.Y0[1];
    (own ? panel.fixed : ticks(panel.Y, Math.max(b[3] < 70 ? 3 : 4, Math.floor(b[3] / 45)))).forEach(function (v) {
      var y = pixel(panel.Y, v);
      if (y < b[1] - 1 || y > Math.max(panel.Y0[2], panel.Y0[3]) + 1) { return; }
      lines += "M" + b[0] + " " + y + "h-4";
      text(b[0] - 7, y + 3.5, "end", v);
    });
    make("path", { "class": "a", d: lines }, panel.axes);
  }
  function show(panel, head) {
    panel.marks.forEach(function (mark, k) { if (panel.groups[k]) { redraw(panel, mark, panel.groups[k], head); } });
    panel.node.querySelectorAll("[data-x]").forEach(function (label) {
      var x = +label.dataset.x;
      label.setAttribute("transform", "translate(" + (pixel(panel.X, x) - pixel(panel.X0, x)) + " 0)");
    });
    axes(panel);
  }

  /* ---- one figure */
  function unit(label) { return label.replace(/ \([^)]*scale\)$/, "").split(" / ")[1] || ""; }
  function name(label) { return label.split(" / ")[0]; }
  function rising(xs) {
    if (xs.way === undefined) {
      xs.way = xs.every(function (v, i) { return !i || v >= xs[i - 1]; }) ? 1 : xs.every(function (v, i) { return !i || v <= xs[i - 1]; }) ? -1 : 0;
    }
    return xs.way;
  }
  function setUp(plot) {
    var svg = plot.querySelector("svg.figure"), readout = plot.querySelector(".readout"), state = null, hidden = {}, start = null;
    var figure = plot.closest("figure");
    function ready() {
      return page.unpack().then(function (head) {
        if (state) { return state; }
        var described = head.figures[plot.dataset.fig];
        var nodes = Array.from(svg.children).filter(function (g) { return g.tagName === "g"; }), at = 0;
        state = { head: head, share: described.share, panels: [], now: 0, curve: 0, index: null };
        described.panels.forEach(function (panel) {
          if (!panel.marks.length) { return; }
          panel.node = nodes[at++];
          panel.groups = Array.from(panel.node.querySelector(".marks").children).filter(function (g) { return g.dataset.m !== undefined; });
          panel.axes = panel.node.querySelector(".axes");
          panel.X0 = panel.X.slice(); panel.Y0 = panel.Y.slice();
          state.panels.push(panel);
        });
        state.cursor = make("g", { "class": "cursor" }, svg);
        return state;
      });
    }
    function place(event) {
      var r = svg.getBoundingClientRect(), view = svg.viewBox.baseVal;
      return [(event.clientX - r.left) * view.width / r.width, (event.clientY - r.top) * view.height / r.height];
    }
    function over(p) {
      return state.panels.findIndex(function (panel) {
        var b = panel.box;
        return p[0] >= b[0] && p[0] <= b[0] + b[2] && p[1] >= b[1] && p[1] <= b[1] + b[3];
      });
    }
    function curves(panel) {
      return panel.marks.filter(function (mark) {
        var edge = mark.k === "line" && panel.marks.some(function (m) { return m.k === "band" && m.l && m.l === mark.l && m.c === mark.c; });
        return !edge && /line|points|band|bars/.test(mark.k) && !(mark.l && hidden[mark.l]) && state.head.column(mark.x).length;
      });
    }
    function positions(mark) {
      var xs = state.head.column(mark.x);
      return mark.k === "bars" ? xs.slice(0, -1).map(function (x, i) { return (x + xs[i + 1]) / 2; }) : xs;
    }
    function height(mark, i) {
      return state.head.column(mark.k === "band" ? mark.hi : mark.y)[i];
    }
    /* the nearest point of a curve: along x where x runs one way, else in the plane */
    function nearest(panel, mark, p) {
      var xs = positions(mark), best = -1, least = Infinity, flat = panel.flat || !rising(xs);
      for (var i = 0; i < xs.length; i++) {
        var dx = pixel(panel.X, xs[i]) - p[0], d = flat ? Math.hypot(dx, pixel(panel.Y, height(mark, i)) - p[1]) : Math.abs(dx);
        if (d < least) { least = d; best = i; }
      }
      return best < 0 || least > (flat ? 40 : 30) ? null : { mark: mark, i: best, x: xs[best], y: height(mark, best), far: least };
    }
    function worth(panel, found) {
      var mark = found.mark, col = state.head.column, u = unit(panel.y);
      function text(k) { var c = col(k); return page.number(c[found.i], 5, c.decimals); }
      var body = mark.k === "band" ? text(mark.lo) + " … " + text(mark.hi) : text(mark.y);
      if (mark.k === "points" && mark.lo !== undefined) { body += " (" + text(mark.lo) + " … " + text(mark.hi) + ")"; }
      return body + (u ? " " + u : "");
    }
    function read(k, p, main) {
      var panel = state.panels[k], rows = [], c = state.cursor;
      c.replaceChildren();
      var found = curves(panel).map(function (mark) { return nearest(panel, mark, p); }).filter(Boolean);
      if (main) { found = [main].concat(found.filter(function (f) { return f.mark !== main.mark; })); }
      var lead = main || found.reduce(function (a, b) { return !a || b.far < a.far ? b : a; }, null);
      panel.marks.forEach(function (mark) {
        if (mark.k === "ticks" && !hidden[mark.l] && !main) {
          state.head.column(mark.x).forEach(function (x, i) {
            if (Math.abs(pixel(panel.X, x) - p[0]) < 4) { rows.push([mark.c, mark.l, mark.t[i] || page.number(x, 6)]); }
          });
        }
        if (mark.v !== undefined) {
          var values = state.head.column(mark.v), lines = values.length / mark.n;
          var i = Math.floor((value(panel.X, p[0]) - mark.ex[0]) / (mark.ex[1] - mark.ex[0]) * mark.n);
          var j = Math.floor((value(panel.Y, p[1]) - mark.ey[0]) / (mark.ey[1] - mark.ey[0]) * lines);
          if (i >= 0 && i < mark.n && j >= 0 && j < lines) { rows.push(["#777", mark.l || "value", page.number(values[j * mark.n + i], 5)]); }
        }
      });
      if (!lead && !rows.length && !panel.flat) { hide(); return ""; }
      var at = lead ? lead.x : value(panel.X, p[0]), line = pixel(panel.X, at), xs = lead ? state.head.column(lead.mark.x) : [];
      var title = name(panel.x) + " " + page.number(at, lead ? 6 : 4, xs.decimals) + (unit(panel.x) ? " " + unit(panel.x) : "");
      if (panel.flat && !lead) { title += ", " + name(panel.y) + " " + page.number(value(panel.Y, p[1]), 4) + " " + unit(panel.y); }
      found.slice(0, 12).forEach(function (f) {
        var own = Math.abs(pixel(panel.X, f.x) - line) > 1 ? " at " + page.number(f.x, 5) : "";
        rows.push([f.mark.c, f.mark.l || name(panel.y), worth(panel, f) + own]);
        var y = pixel(panel.Y, f.y);
        if (y === y) { make("circle", { cx: pixel(panel.X, f.x), cy: y, r: 4, fill: "#fff", stroke: f.mark.c, "stroke-width": 2 }, c); }
      });
      if (lead) { c.insertBefore(make("path", { d: "M" + line + " " + panel.box[1] + "v" + panel.box[3], stroke: "#555", fill: "none" }), c.firstChild); }
      show_readout(panel, lead ? line : p[0], title, rows);
      return title + "; " + rows.map(function (r) { return r[1] + " " + r[2]; }).join("; ");
    }
    function show_readout(panel, at, title, rows) {
      var ratio = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width, b = panel.box, box = document.createElement("b");
      box.textContent = title;
      readout.replaceChildren(box);
      rows.forEach(function (row) {
        var p = document.createElement("p"), dot = make("svg", { viewBox: "0 0 8 8", "class": "dot" }, p), say = document.createElement("bdi");
        make("circle", { cx: 4, cy: 4, r: 4, fill: row[0] }, dot);
        say.textContent = row[1];
        p.append(say, " ", Object.assign(document.createElement("span"), { textContent: row[2] }));
        readout.appendChild(p);
      });
      readout.hidden = false;
      var left = at > b[0] + b[2] / 2 ? at * ratio - readout.offsetWidth - 12 : at * ratio + 12;
      readout.style.left = Math.max(0, Math.min(left, plot.scrollWidth - readout.offsetWidth)) + "px";
      readout.style.top = (b[1] + 6) * ratio + "px";
    }
    function hide() { readout.hidden = true; if (state) { state.cursor.replaceChildren(); } }
    function limit(k, X, Y) {
      state.panels.forEach(function (panel, j) {
        var own = j === k;
        if (!own && !state.share) { return; }
        if (X && Math.abs(X[1] - X[0]) > 1e-9 * (Math.abs(X[0]) + Math.abs(X[1]))) { panel.X[0] = Math.min.apply(0, X); panel.X[1] = Math.max.apply(0, X); }
        if (own && Y && Y[1] !== Y[0]) { panel.Y[0] = Math.min.apply(0, Y); panel.Y[1] = Math.max.apply(0, Y); }
        show(panel, state.head);
      });
      hide();
      plot.classList.toggle("zoomed", state.panels.some(function (q) { return q.X.join() !== q.X0.join() || q.Y.join() !== q.Y0.join(); }));
    }
    function around(k, factor, p) {
      var panel = state.panels[k];
      function ends(s, s0, at) {
        var a = to(s, s[0]), b = to(s, s[1]), c = to(s, value(s, at)), low = to(s0, s0[0]), high = to(s0, s0[1]);
        return [from(s, Math.max(low, c - (c - a) * factor)), from(s, Math.min(high, c + (b - c) * factor))];
      }
      var b = panel.box, at = p || [state.index === null ? b[0] + b[2] / 2 : pixel(panel.X, state.last), b[1] + b[3] / 2];
      limit(k, ends(panel.X, panel.X0, at[0]), panel.flat ? ends(panel.Y, panel.Y0, at[1]) : null);
    }
    function reset() { state.panels.forEach(function (q) { q.X = q.X0.slice(); q.Y = q.Y0.slice(); show(q, state.head); }); plot.classList.remove("zoomed"); hide(); }
    function step(by, end) {
      var panel = state.panels[state.now], list = curves(panel);
      if (!list.length) { return; }
      var mark = list[state.curve % list.length], xs = positions(mark);
      var way = (rising(xs) || 1) * (panel.X[3] > panel.X[2] ? 1 : -1), i = state.index;
      if (end !== undefined) { i = (end > 0) === (way > 0) ? xs.length - 1 : 0; }
      else if (i === null || i >= xs.length) {
        i = xs.findIndex(function (x) { return x >= panel.X[0] && x <= panel.X[1]; });
        i = Math.max(0, i);
      } else { i = Math.max(0, Math.min(xs.length - 1, i + by * way)); }
      state.index = i;
      state.last = xs[i];
      if (xs[i] < panel.X[0] || xs[i] > panel.X[1]) {
        var s = panel.X, half = (to(s, s[1]) - to(s, s[0])) / 2, c = to(s, xs[i]);
        limit(state.now, [from(s, c - half), from(s, c + half)], null);
      }
      var y = height(mark, i);
      var text = read(state.now, [pixel(panel.X, xs[i]), pixel(panel.Y, y)], { mark: mark, i: i, x: xs[i], y: y, far: 0 });
      page.say(text);
    }
    var KEYS = {
      ArrowRight: function (e) { step(e.shiftKey ? 10 : 1); },
      ArrowLeft: function (e) { step(e.shiftKey ? -10 : -1); },
      ArrowUp: function () { state.curve++; state.index = null; step(0); },
      ArrowDown: function () { state.curve += curves(state.panels[state.now]).length - 1; state.index = null; step(0); },
      PageDown: function () { state.now = (state.now + 1) % state.panels.length; state.curve = 0; state.index = null; step(0); },
      PageUp: function () { state.now = (state.now + state.panels.length - 1) % state.panels.length; state.curve = 0; state.index = null; step(0); },
      Home: function () { step(0, -1); }, End: function () { step(0, 1); },
      "+": function () { around(state.now, 0.6); }, "=": function () { around(state.now, 0.6); },
      "-": function () { around(state.now, 1 / 0.6); }, "0": reset, Escape: function () { reset(); }
    };
    plot.addEventListener("keydown", function (event) {
      if (KEYS[event.key] && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        ready().then(function () { if (state.panels.length) { KEYS[event.key](event); } });
      }
    });
    plot.addEventListener("blur", hide);
    plot.addEventListener("pointerleave", function () { if (!start) { hide(); } });
    plot.addEventListener("pointermove", function (event) {
      ready().then(function () {
        var p = place(event), k = over(p);
        if (start) {
          var b = state.panels[start.k].box, flat = Math.abs(p[1] - start.p[1]) < 16;
          var x = [start.p[0], p[0]].map(function (v) { return Math.max(b[0], Math.min(b[0] + b[2], v)); });
          var y = flat ? [b[1], b[1] + b[3]] : [start.p[1], p[1]].map(function (v) { return Math.max(b[1], Math.min(b[1] + b[3], v)); });
          start.x = x; start.y = flat ? null : y;
          hide();
          make("rect", { x: Math.min.apply(0, x), y: Math.min.apply(0, y), width: Math.abs(x[1] - x[0]), height: Math.abs(y[1] - y[0]), "class": "drag" }, state.cursor);
        } else if (k >= 0) { state.now = k; read(k, p); } else { hide(); }
      });
    });
    plot.addEventListener("pointerdown", function (event) {
      if (event.button) { return; }
      ready().then(function () {
        var p = place(event), k = over(p);
        if (k >= 0) { start = { k: k, p: p }; }
      });
    });
    window.addEventListener("pointerup", function () {
      var s = start;
      start = null;
      if (!s || !s.x || Math.abs(s.x[1] - s.x[0]) < 5) { return; }
      var panel = state.panels[s.k];
      function ends(scale, at) { return at && at.map(function (v) { return value(scale, v); }); }
      limit(s.k, ends(panel.X, s.x), ends(panel.Y, s.y));
    });
    plot.addEventListener("wheel", function (event) {
      if (!event.ctrlKey && !event.shiftKey && !event.metaKey) { return; }
      event.preventDefault();
      ready().then(function () {
        var p = place(event), k = over(p);
        if (k >= 0) { around(k, (event.deltaY || event.deltaX) > 0 ? 1.25 : 0.8, p); }
      });
    }, { passive: false });
    var title = figure.querySelector("h3").textContent, tools = document.createElement("div");
    tools.className = "tools";
    [["+", "Zoom in: "], ["−", "Zoom out: "], ["⤢", "Show all: "]].forEach(function (each, k) {
      page.button(tools, each[0], each[1] + title, function () {
        ready().then(function () {
          if (k === 2) { reset(); } else { around(state.now, k ? 1 / 0.6 : 0.6); }
          page.say(k === 2 ? "all is shown" : "zoomed");
        });
      });
    });
    figure.querySelector(".bar").appendChild(tools);
    figure.querySelectorAll(".legend button").forEach(function (button) {
      button.addEventListener("click", function () {
        var on = button.getAttribute("aria-pressed") !== "true", label = button.dataset.label;
        button.setAttribute("aria-pressed", on);
        hidden[label] = !on;
        ready().then(function () {
          state.panels.forEach(function (panel) {
            panel.marks.forEach(function (mark, k) {
              if (mark.l === label && panel.groups[k]) { panel.groups[k].setAttribute("display", on ? "inline" : "none"); }
            });
          });
          hide();
        });
      });
    });
    var saves = figure.querySelector(".links");
    if (saves) {
      page.button(saves, "SVG", "Save " + title + " as SVG", function () {
        var copy = svg.cloneNode(true);
        copy.setAttribute("xmlns", NS);
        copy.insertBefore(make("style", {}), copy.firstChild).textContent = "path{vector-effect:non-scaling-stroke}text{font:11px sans-serif}.a{stroke:#6b747c;fill:none}";
        page.save(plot.dataset.name + ".svg", new XMLSerializer().serializeToString(copy), "image/svg+xml");
      }, "plain");
    }
  }
  document.documentElement.classList.add("scripted");
  document.querySelectorAll(".plot").forEach(setUp);
})();
