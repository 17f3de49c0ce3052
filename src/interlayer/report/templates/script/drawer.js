"use strict";
/* Where a number comes from: a drawer that any number opens. */
(function () {
  var dialog = document.getElementById("drawer");
  if (!dialog || !dialog.showModal) { return; }
  function add(parent, name, text) {
    var element = document.createElement(name);
    if (text !== undefined) { element.textContent = text; }
    parent.appendChild(element);
    return element;
  }
  function item(list, name, text, tag) {
    if (!text) { return; }
    add(list, "dt", name);
    var dd = add(list, "dd");
    add(dd, tag || "bdi", text);
  }
  function fill(head, index) {
    var row = head.rows[index], from = head.sources[row[8]], box = dialog.querySelector(".inside");
    box.replaceChildren();
    add(box, "h2", row[0] + (row[1] ? ", " + row[1] : ""));
    add(box, "p", (row[2] + " " + row[4]).trim()).className = "big";
    var list = add(box, "dl");
    item(list, "95 % interval", row[3] && row[3] + " " + row[4]);
    item(list, "Status", row[5]);
    item(list, "Method", head.methods[row[6]]);
    item(list, "To know", row[7]);
    item(list, "Settings", from.settings);
    from.files.forEach(function (file) {
      item(list, "File", file[0] + (file[1] ? " (" + file[1] + ")" : ""));
      item(list, "sha256", file[2], "code");
    });
    item(list, "Made by", "interlayer " + from.version);
    if (from.steps.length) {
      add(list, "dt", "Steps that ran");
      var steps = add(add(list, "dd"), "ol");
      from.steps.forEach(function (step) { add(steps, "li", step); });
    }
    var link = add(add(box, "p"), "a", "See it in “" + from.title + "”");
    link.href = from.href;
    link.addEventListener("click", function () { dialog.close(); });
  }
  document.querySelectorAll("a.num").forEach(function (link) {
    link.setAttribute("role", "button");
    link.setAttribute("aria-haspopup", "dialog");
    link.addEventListener("keydown", function (event) { if (event.key === " ") { event.preventDefault(); link.click(); } });
    link.addEventListener("click", function (event) {
      if (event.ctrlKey || event.metaKey || event.shiftKey) { return; }
      event.preventDefault();
      page.unpack().then(function (head) { fill(head, +(link.dataset.row || link.hash.slice(5))); dialog.showModal(); dialog.scrollTop = 0; }, function () { location.hash = link.hash; });
    });
  });
  dialog.addEventListener("click", function (event) { if (event.target === dialog) { dialog.close(); } });
  dialog.querySelector("button").addEventListener("click", function () { dialog.close(); });
})();
