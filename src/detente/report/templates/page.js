(() => {
  "use strict";
  const root = document.documentElement;
  const charts = JSON.parse(document.getElementById("charts").textContent);
  const palette = new Map(Object.entries(JSON.parse(document.getElementById("palette").textContent)));
  const boxes = [...document.querySelectorAll("[data-chart]")];
  const PRINT_WIDTH = 930; // page.css makes the charts smaller on paper, so that this fits a sheet of A4

  // Charts: the colours of the figures are the light theme's; each becomes what its CSS variable says now.
  const tinted = (value, style) => {
    if (typeof value === "string") return palette.has(value) ? style.getPropertyValue(palette.get(value)).trim() : value;
    if (Array.isArray(value)) return value.map((v) => tinted(v, style));
    if (value && typeof value === "object")
      return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, tinted(v, style)]));
    return value;
  };
  const draw = (box, width) => {
    if (!box.offsetParent && !width) return; // inside closed details: drawn when they open
    const style = getComputedStyle(root);
    const figure = tinted(charts[box.dataset.chart], style);
    const layout = { ...figure.layout, width, autosize: !width };
    if (!width && innerWidth < 640 && layout.meta?.narrow) {
      layout.yaxis = { ...layout.yaxis, ticktext: layout.meta.narrow, tickfont: { size: 10 } };
    }
    if (layout.meta?.colours?.length) { // a colour that the reader chooses
      const { name, values } = layout.meta.colours[box.dataset.at ?? 0];
      const { marker } = figure.data[0];
      figure.data[0] = { ...figure.data[0], marker: { ...marker, color: values,
        colorbar: { ...marker.colorbar, title: { ...marker.colorbar.title, text: name } } } };
    }
    layout.hoverlabel = { ...layout.hoverlabel, bgcolor: style.getPropertyValue("--card").trim(),
      bordercolor: style.getPropertyValue("--faint").trim(), font: { color: style.getPropertyValue("--ink").trim() } };
    Plotly.react(box, figure.data, layout, { displayModeBar: false, responsive: !width, staticPlot: !!width });
    box.dataset.drawn = "";
  };
  for (const fold of document.querySelectorAll("details"))
    fold.addEventListener("toggle", () => {
      if (fold.open) for (const box of fold.querySelectorAll("[data-chart]")) draw(box);
    });

  for (const group of document.querySelectorAll("[data-for]"))
    group.addEventListener("click", (event) => {
      const picked = event.target.closest("button");
      if (!picked) return;
      for (const other of group.querySelectorAll("button")) other.ariaPressed = String(other === picked);
      const box = document.getElementById(`chart-${group.dataset.for}`);
      box.dataset.at = picked.dataset.at;
      draw(box);
    });

  // Light and dark: the system's choice, the reader's button, or ?theme=dark in the address.
  const button = document.getElementById("theme");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let chosen = new URLSearchParams(location.search).get("theme");
  const paint = (printing) => {
    const theme = printing ? "light" : chosen === "dark" || chosen === "light" ? chosen : dark.matches ? "dark" : "light";
    root.dataset.theme = theme;
    button.textContent = theme === "dark" ? "Light page" : "Dark page";
    for (const box of boxes) draw(box, printing ? PRINT_WIDTH : undefined);
  };
  button.addEventListener("click", () => {
    chosen = root.dataset.theme === "dark" ? "light" : "dark";
    paint(false);
  });
  dark.addEventListener("change", () => paint(false));
  button.hidden = false;
  paint(false);

  // Paper: light, charts still and as wide as the sheet, everything folded out.
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details:not([open])")];
    for (const fold of folded) fold.open = true;
    paint(true);
  });
  addEventListener("afterprint", () => {
    for (const fold of folded) fold.open = false;
    paint(false);
  });

  // Long tables: sort by a heading, search, and pick a value of a column.
  const text = new Intl.Collator("en", { numeric: true });
  const value = (row, i) => row.cells[i]?.dataset.sort;
  const sortable = (table) => {
    const body = table.tBodies[0];
    [...table.tHead.rows[0].cells].forEach((head, i) => {
      const by = document.createElement("button");
      by.type = "button";
      by.append(...head.childNodes);
      head.append(by);
      by.addEventListener("click", () => {
        const down = head.ariaSort ? head.ariaSort === "ascending" : head.classList.contains("n");
        for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const rows = [...body.rows];
        rows.sort((a, b) => {
          const [x, y] = [value(a, i), value(b, i)];
          const order = x !== undefined && y !== undefined ? x - y
            : text.compare(a.cells[i]?.textContent ?? "", b.cells[i]?.textContent ?? "");
          return down ? -order : order;
        });
        body.append(...rows);
      });
    });
  };
  const filterable = (table) => {
    const rows = [...table.tBodies[0].rows];
    const words = rows.map((r) => r.textContent.toLowerCase());
    const tools = document.createElement("div");
    tools.className = "tools";
    const field = (name, input) => {
      const label = document.createElement("label");
      label.append(name, input);
      tools.append(label);
      input.addEventListener("input", apply);
      return input;
    };
    const search = field("Search", Object.assign(document.createElement("input"), { type: "search" }));
    const picks = [...table.tHead.rows[0].cells].flatMap((head, i) => {
      if (!("choice" in head.dataset)) return [];
      const pick = field(head.textContent, document.createElement("select"));
      const all = [...new Set(rows.map((r) => r.cells[i]?.textContent ?? ""))].sort(text.compare);
      pick.append(new Option("all", ""), ...all.map((v) => new Option(v || "empty", v || " ")));
      return [[i, pick]];
    });
    const count = Object.assign(document.createElement("output"), { textContent: `${rows.length} rows` });
    tools.append(count);
    function apply() {
      const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      rows.forEach((row, k) => {
        const fits = wanted.every((w) => words[k].includes(w)) &&
          picks.every(([i, p]) => !p.value || (row.cells[i]?.textContent || " ") === p.value);
        row.hidden = !fits;
        shown += fits;
      });
      count.textContent = shown === rows.length ? `${shown} rows` : `${shown} of ${rows.length} rows`;
    }
    table.closest(".scroll").before(tools);
  };
  for (const table of document.querySelectorAll("table[data-long]")) {
    if (table.tBodies[0].rows.length > 1) {
      filterable(table);
      sortable(table);
    }
  }

  // A link to a row inside a fold opens the fold, and brings the row out from under the table's head.
  const reveal = () => {
    const target = location.hash && document.getElementById(location.hash.slice(1));
    const fold = target && target.closest("details");
    if (!fold) return;
    fold.open = true;
    target.scrollIntoView({ block: "center" });
  };
  addEventListener("hashchange", reveal);
  document.addEventListener("click", (event) => {
    if (event.target.closest?.('a[href^="#source-"]')) setTimeout(reveal, 50);
  });
  reveal();
})();
