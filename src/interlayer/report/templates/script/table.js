"use strict";
/* Tables that sort and filter: by pointer and by keyboard. */
(function () {
  function key(cell) { return !cell ? "" : cell.dataset.sort !== undefined ? cell.dataset.sort : cell.textContent.trim(); }
  function numeric(text) { return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) ? +text : NaN; }
  function compare(a, b) {
    var x = numeric(a), y = numeric(b);
    if (x === x && y === y) { return x - y; }
    if (x === x || y === y) { return x === x ? -1 : 1; }
    return a.localeCompare(b, "en", { numeric: true });
  }
  /* "> 100", "<= 5", "10..20", "= 3", else a text that the cell holds */
  function test(wanted, cell) {
    var text = wanted.trim().toLowerCase(), value = numeric(key(cell));
    var range = /^(\S+?)\s*(?:\.\.|…)\s*(\S+)$/.exec(text), sign = /^(>=|<=|≥|≤|>|<|=)\s*(\S+)$/.exec(text);
    if (range && numeric(range[1]) === numeric(range[1])) { return value >= +range[1] && value <= +range[2]; }
    if (sign && numeric(sign[2]) === numeric(sign[2])) {
      var at = +sign[2];
      return { ">": value > at, "<": value < at, ">=": value >= at, "<=": value <= at, "≥": value >= at, "≤": value <= at, "=": value === at }[sign[1]];
    }
    return cell.textContent.toLowerCase().indexOf(text) >= 0;
  }
  document.querySelectorAll("table.sortable").forEach(function (table) {
    var body = table.tBodies[0], given = Array.from(body.rows);
    table.querySelectorAll("th button.sort").forEach(function (button) {
      button.addEventListener("click", function () {
        var head = button.closest("th"), index = head.cellIndex, before = head.getAttribute("aria-sort");
        var way = before === "ascending" ? "descending" : before === "descending" ? "" : "ascending";
        table.querySelectorAll("th").forEach(function (each) { each.removeAttribute("aria-sort"); });
        if (way) { head.setAttribute("aria-sort", way); }
        var rows = given.slice();
        if (way) {
          rows.sort(function (r, s) {
            var a = key(r.cells[index]), b = key(s.cells[index]);
            if ((a === "") !== (b === "")) { return a === "" ? 1 : -1; }
            return way === "descending" ? compare(b, a) : compare(a, b);
          });
        }
        body.append.apply(body, rows);
        page.say(way ? "sorted by " + button.textContent.trim() + ", " + way : "in the given order");
      });
    });
    var fields = Array.from(document.querySelectorAll('input[data-table="' + table.id + '"]'));
    fields.forEach(function (field) { field.addEventListener("input", filter); field.addEventListener("keydown", clear); });
    function clear(event) { if (event.key === "Escape" && event.target.value) { event.target.value = ""; event.preventDefault(); filter(); } }
    function filter() {
      var shown = 0;
      given.forEach(function (row) {
        var fits = fields.every(function (field) {
          if (!field.value.trim()) { return true; }
          return test(field.value, field.dataset.column === undefined ? row : row.cells[+field.dataset.column]);
        });
        row.hidden = !fits;
        shown += fits;
      });
      var told = document.getElementById(table.id + "-count"), text = shown === given.length ? given.length + " rows" : shown + " of " + given.length + " rows";
      if (told) { told.textContent = text; }
    }
  });
  function open() {
    var target = null;
    try { target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1))); } catch (fault) { return; }
    for (var node = target; node; node = node.parentElement) { if (node.tagName === "DETAILS") { node.open = true; } }
    if (target && target.offsetParent) { target.scrollIntoView(); }
  }
  window.addEventListener("hashchange", open);
  open();
})();
