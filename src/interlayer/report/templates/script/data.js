"use strict";
/* The data of the page: unpacked when first asked for. The format is described in pack.py. */
var page = (function () {
  var ready;
  function unpack() {
    if (!ready) { ready = open().catch(function (fault) { ready = null; throw fault; }); }
    return ready;
  }
  async function open() {
    var text = document.getElementById("pack").textContent.trim();
    var packed = Uint8Array.from(atob(text), function (c) { return c.charCodeAt(0); });
    var stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    var bytes = new Uint8Array(await new Response(stream).arrayBuffer());
    var length = new DataView(bytes.buffer).getUint32(0, true);
    var head = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
    var body = bytes.subarray(4 + length), known = [];
    head.column = function (k) { return known[k] || (known[k] = column(head.columns[k], body)); };
    return head;
  }
  function column(of, body) {
    var kind = of[0], decimals = of[1], order = of[2], n = of[3], at = of[4];
    var words = new Uint32Array(n), i, k;
    for (i = 0; i < n; i++) {
      words[i] = body[at + i] | body[at + n + i] << 8 | body[at + 2 * n + i] << 16 | body[at + 3 * n + i] << 24;
    }
    if (kind === 1) {
      return Array.from(new Float32Array(words.buffer), function (v) { return isFinite(v) ? +v.toPrecision(7) : NaN; });
    }
    var counts = new Int32Array(words.buffer);
    for (i = 0; i < n; i++) { counts[i] = (words[i] >>> 1) ^ -(words[i] & 1); }
    for (k = 0; k < order; k++) { for (i = 1; i < n; i++) { counts[i] = (counts[i] + counts[i - 1]) | 0; } }
    var power = Math.pow(10, Math.abs(decimals)), out = new Array(n);
    for (i = 0; i < n; i++) {
      out[i] = counts[i] === -2147483648 ? NaN : decimals >= 0 ? counts[i] / power : counts[i] * power;
    }
    out.decimals = decimals;
    return out;
  }

  /* ---- tables: {name, names, columns} with columns of equal or unequal length */
  function ofFigure(head, id) {
    var figure = head.figures[id], names = [], columns = [];
    figure.panels.forEach(function (panel, index) {
      var begin = figure.panels.length > 1 ? (panel.title || "panel " + (index + 1)) + ": " : "";
      var blocks = new Map();
      panel.marks.forEach(function (mark) {
        var label = mark.l ? mark.l + ": " : "", axes, values = [], x = mark.x === undefined ? 0 : head.column(mark.x);
        function add(name, k) { values.push([name, typeof k === "number" ? head.column(k) : k]); }
        if (mark.k === "line" || mark.k === "points" || mark.k === "band") {
          axes = [[panel.x, x]];
          if (mark.k !== "band") { add(label + panel.y, mark.y); }
          if (mark.lo !== undefined) { add(label + panel.y + ", low", mark.lo); add(label + panel.y + ", high", mark.hi); }
        } else if (mark.k === "bars") {
          axes = [[panel.x + ", from", x.slice(0, -1)], [panel.x + ", to", x.slice(1)]];
          add(label + panel.y, mark.y);
        } else if (mark.k === "ticks") {
          axes = [[label + panel.x, x]];
          if (mark.t.length) { add(label + "text", mark.t); }
        } else { return; }
        var key = mark.x + "/" + axes.length;
        if (!blocks.has(key)) { blocks.set(key, axes); }
        blocks.set(key, blocks.get(key).concat(values));
      });
      blocks.forEach(function (block) {
        block.forEach(function (each) { names.push(begin + each[0]); columns.push(each[1]); });
      });
    });
    return { name: figure.name, names: names, columns: columns };
  }
  function ofTable(head, id) {
    var table = head.tables[id];
    return {
      name: table.name, names: table.names,
      columns: table.columns.map(function (each) { return typeof each === "number" ? head.column(each) : each; })
    };
  }
  function find(head, id) { return head.figures && head.figures[id] ? ofFigure(head, id) : ofTable(head, id); }
  function rows(table) { return table.columns.reduce(function (n, c) { return Math.max(n, c.length); }, 0); }
  function cell(value) { return value === undefined || value === null || value !== value ? "" : value; }
  /* a text that a spreadsheet program would take for a formula: see core/spreadsheet.py */
  function safe(text) {
    var formula = /^'*\s*[=+\-@＝＋－＠]/.test(text) && !/^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$/.test(text);
    return formula ? "'" + text : text;
  }
  function quoted(value) {
    var text = typeof value === "string" ? safe(value) : String(cell(value));
    return /[",\r\n]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
  }
  function csv(table) {
    var lines = [table.names.map(quoted).join(",")];
    for (var i = 0, n = rows(table); i < n; i++) {
      lines.push(table.columns.map(function (c) { return quoted(c[i]); }).join(","));
    }
    return lines.join("\n") + "\n";
  }
  function json(table) {
    return JSON.stringify({
      name: table.name,
      columns: table.names.map(function (name, k) {
        return { name: name, values: Array.from(table.columns[k], function (v) { return cell(v) === "" && v !== "" ? null : v; }) };
      })
    }, null, 1);
  }
  function save(name, text, type) {
    var link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: type }));
    link.download = name;
    link.click();
    setTimeout(function () { URL.revokeObjectURL(link.href); }, 1000);
  }
  function say(text) { document.getElementById("said").textContent = text; }
  function number(value, digits, decimals) {
    if (value !== value || value === null) { return "–"; }
    var text = +value.toPrecision(digits || 5);
    if (decimals !== undefined && decimals >= 0 && decimals < 20) { text = +text.toFixed(decimals); }
    var size = Math.abs(text);
    if (size && (size < 1e-3 || size >= 1e6)) {
      var parts = text.toExponential().split("e");
      return parts[0].replace("-", "−") + "·10" + String(+parts[1]).replace(/./g, function (c) { return "⁰¹²³⁴⁵⁶⁷⁸⁹"[c] || "⁻"; });
    }
    return String(text).replace("-", "−");
  }

  function fill(box, table, limit) {
    var element = document.createElement("table"), head = element.createTHead().insertRow(), body = element.createTBody();
    table.names.forEach(function (name) {
      var th = document.createElement("th");
      th.scope = "col"; th.textContent = name; head.appendChild(th);
    });
    var n = rows(table);
    for (var i = 0; i < Math.min(n, limit); i++) {
      var row = body.insertRow();
      table.columns.forEach(function (c) {
        var td = row.insertCell(), value = cell(c[i]);
        td.textContent = typeof value === "number" ? number(value, 7) : value;
        if (typeof value === "number") { td.className = "n"; }
      });
    }
    box.replaceChildren(element);
    if (n > limit) {
      var more = document.createElement("button");
      more.type = "button"; more.className = "plain"; more.textContent = "Show all " + n + " rows";
      more.addEventListener("click", function () { fill(box, table, Infinity); box.focus(); });
      box.appendChild(more);
    }
  }
  function button(parent, text, label, act, kind) {
    var made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    made.className = kind || "";
    made.setAttribute("aria-label", label);
    made.addEventListener("click", act);
    parent.append(made, " ");
  }
  /* buttons that save a table or the data of a figure, wherever a page says whose */
  document.querySelectorAll("[data-save]").forEach(function (place) {
    var name = place.dataset.name, what = place.dataset.save;
    ["csv", "json"].forEach(function (kind) {
      button(place, kind.toUpperCase(), "Save " + what + " as " + kind.toUpperCase(), function () {
        unpack().then(function (head) {
          var table = find(head, place.dataset.from);
          save(name + "." + kind, kind === "csv" ? csv(table) : json(table), kind === "csv" ? "text/csv" : "application/json");
          say(name + "." + kind + " saved");
        });
      }, "plain");
    });
  });
  document.querySelectorAll("[data-text]").forEach(function (place) {
    button(place, "Save " + place.dataset.name, "Save " + place.dataset.name, function () {
      unpack().then(function (head) { save(place.dataset.name, head[place.dataset.text], "text/plain"); });
    }, "plain");
  });
  document.querySelectorAll("details[data-of]").forEach(function (details) {
    details.addEventListener("toggle", function () {
      var box = details.querySelector(".grid");
      if (details.open && box && !box.firstChild) {
        unpack().then(function (head) { fill(box, find(head, details.dataset.of), 100); }, function () {
          box.textContent = "This browser cannot unpack the data; the files beside this page hold them.";
        });
      }
    });
  });
  return { unpack: unpack, say: say, number: number, save: save, button: button };
})();
