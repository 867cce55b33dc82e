"use strict";
// Text reaches the page as text nodes and attributes only, never as markup.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const find = (id) => document.getElementById(id);
  const state = { dataset: 0, row: 0, view: "map", boxes: true, scope: "input", query: "" };
  const hidden = new Set();
  const sorting = { key: null, descending: false };
  const VIEWS = { map: "maps", blend: "maps on the picture", kept: "kept pixels" };
  const SCOPES = { input: "this input", median: "medians of the inputs found" };

  const set = () => data.datasets[state.dataset];
  const ofWords = () => set().kind === "words";
  /** Measures of the chosen dataset; those that none of its inputs has are left out. */
  const metrics = () => data.metrics[set().kind].filter(({ key }) => measured(key));
  const measured = (key) =>
    set().inputs.some(({ methods }) => Object.values(methods).some(({ scores }) => scores[key] != null));
  const current = () => set().inputs[state.row];
  const shownMethods = () => Object.keys(set().names).filter((method) => !hidden.has(method));

  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  function button(label, onClick, attributes = {}) {
    const element = make("button", { type: "button", ...attributes }, label);
    element.addEventListener("click", onClick);
    return element;
  }

  /** Rows of the chosen dataset that the search finds. */
  function found() {
    const query = state.query.trim().toLowerCase();
    const rows = [...set().inputs.keys()];
    return rows.filter((row) => set().inputs[row].found_by.toLowerCase().includes(query));
  }

  // ---- choosing an input

  function drawChooser() {
    const rows = found();
    if (rows.length && !rows.includes(state.row)) state.row = rows[0];
    const [shown, explained] = [set().inputs.length, set().explained];
    find("count").textContent =
      `${rows.length} of ${shown} inputs` +
      (shown < explained ? `; the page holds the first ${shown} of ${explained} explained` : "");
    find("strip").replaceChildren(
      ...rows.map((row) => {
        const { title } = set().inputs[row];
        const element = button("", () => choose(row), { "data-row": row });
        if (!ofWords()) element.append(thumbnail(set().inputs[row]));
        element.append(make("span", {}, title));
        return element;
      }),
    );
    find("input").hidden = !rows.length;
    if (rows.length) drawInput();
  }

  function thumbnail({ picture, width }) {
    const image = make("img", { src: picture, alt: "" });
    image.classList.toggle("coarse", width < 100);
    return image;
  }

  function choose(row) {
    state.row = row;
    drawInput();
  }

  function step(by) {
    const rows = found();
    const at = rows.indexOf(state.row) + by;
    if (at < 0 || at >= rows.length) return;
    const inStrip = find("strip").contains(document.activeElement);
    choose(rows[at]);
    if (inStrip) find("strip").querySelector("[aria-current]").focus();
  }

  // ---- one input

  function drawInput() {
    const input = current();
    const rows = found();
    for (const element of find("strip").children) {
      const chosen = Number(element.dataset.row) === state.row;
      if (chosen) {
        element.setAttribute("aria-current", "true");
        element.scrollIntoView({ block: "nearest", inline: "nearest" });
      } else element.removeAttribute("aria-current");
    }
    find("previous").disabled = rows[0] === state.row;
    find("next").disabled = rows.at(-1) === state.row;
    find("title").textContent = input.title;
    find("said").textContent =
      `${set().dataset}, ${input.said} (${rows.indexOf(state.row) + 1} of ${rows.length})`;
    find("files").replaceChildren(
      ...Object.entries(input.files).map(([name, href]) =>
        make("li", {}, make("a", { href }, name), ` (row ${input.row})`),
      ),
    );
    drawTiles();
    drawTable();
    drawRecords();
    location.replace(`#${state.dataset}-${state.row}`);
  }

  function drawTiles() {
    const input = current();
    const tiles = [];
    if (!ofWords()) {
      const note = input.box ? "annotated box" : "";
      tiles.push(tile("picture", input.picture, null, input.box, note));
    }
    for (const method of shownMethods()) {
      const result = input.methods[method];
      if (result) tiles.push(anyTile(set().names[method], input, result));
    }
    find("tiles").className = ofWords() ? "texts" : "tiles";
    find("tiles").replaceChildren(...tiles);
  }

  function anyTile(name, input, result) {
    if (result.failed != null) return figure(name, make("div", { class: "nothing" }, "no map"), result.failed);
    return ofWords() ? wordsTile(name, input, result) : methodTile(name, input, result);
  }

  function wordsTile(name, { words, rationale }, { levels, note }) {
    const spans = words.map((word, at) =>
      make("span", { class: `s${levels[at]}${rationale[at] ? " r" : ""}` }, word),
    );
    const text = make("p", {}, ...spans.flatMap((span) => [span, " "]));
    return figure(name, text, note);
  }

  function figure(name, content, note) {
    return make("figure", {}, content, make("figcaption", {}, name, make("span", { class: "note" }, note)));
  }

  function methodTile(name, input, result) {
    const lsc = result.scores.lsc;
    let note = lsc == null ? "" : `LSC ${number(lsc)}`;
    let [base, over] = [result.map ?? input.picture, null];
    if (state.view === "blend" && result.map) {
      [base, over] = [input.picture, make("img", { src: result.map, alt: "", class: "over blend" })];
    } else if (state.view === "kept") {
      base = input.picture;
      if (result.mask) over = make("img", { src: result.mask, alt: "", class: "over" });
      else note = "has no mask";
    }
    return tile(name, base, over, result.box, note);
  }

  function tile(name, base, over, box, note) {
    const { width, height } = current();
    const frame = make("div", { class: "frame" }, make("img", { src: base, alt: name }));
    if (over) frame.append(over);
    for (const image of frame.children) image.classList.toggle("coarse", width < 100);
    if (box && state.boxes) frame.append(outline(box, width, height));
    return figure(name, frame, note);
  }

  function outline([x1, y1, x2, y2], width, height) {
    const svg = find("outline").content.firstElementChild.cloneNode(true);
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    for (const edge of svg.children) {
      const values = { x: x1, y: y1, width: x2 - x1, height: y2 - y1 };
      for (const [key, value] of Object.entries(values)) edge.setAttribute(key, value);
    }
    return svg;
  }

  // ---- measures

  function number(value, share = false) {
    if (value == null) return "–";
    if (share) return `${(100 * value).toFixed(1)} %`;
    if (Number.isInteger(value)) return String(value);
    return Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
  }

  function median(values) {
    const sorted = values.filter((value) => value != null).sort((a, b) => a - b);
    if (!sorted.length) return null;
    const middle = sorted.length >> 1;
    return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  function measure(method, metric) {
    const of = (row) => set().inputs[row].methods[method]?.scores[metric] ?? null;
    return state.scope === "input" ? of(state.row) : median(found().map(of));
  }

  function drawTable() {
    const rows = shownMethods().map((method) => ({
      name: set().names[method],
      values: Object.fromEntries(metrics().map(({ key }) => [key, measure(method, key)])),
    }));
    const { key, descending } = sorting;
    if (key) {
      const of = (row) => (key === "method" ? row.name : row.values[key]);
      rows.sort((a, b) => {
        const [left, right] = [of(a), of(b)];
        // What was not measured stays at the end whichever way the column is sorted.
        if (left == null || right == null) return (left == null) - (right == null);
        const order = key === "method" ? left.localeCompare(right) : left - right;
        return descending ? -order : order;
      });
    }
    find("table").tBodies[0].replaceChildren(
      ...rows.map((row) =>
        make(
          "tr",
          {},
          make("th", { scope: "row" }, row.name),
          ...metrics().map(({ key, share }) => make("td", {}, number(row.values[key], share))),
        ),
      ),
    );
    for (const head of find("table").tHead.rows[0].cells) {
      const direction = descending ? "descending" : "ascending";
      head.setAttribute("aria-sort", head.dataset.key === key ? direction : "none");
    }
  }

  function drawHead() {
    const columns = [{ key: "method", name: "method", better: "" }, ...metrics()];
    find("table").tHead.rows[0].replaceChildren(
      ...columns.map(({ key, name, better }) => {
        const sort = () => {
          sorting.descending = sorting.key === key && !sorting.descending;
          sorting.key = key;
          drawTable();
        };
        const label = better ? `${name} ${better}` : name;
        return make("th", { scope: "col", "data-key": key }, button(label, sort));
      }),
    );
  }

  // ---- toggles

  /** One of several: a row of buttons of which one is pressed. */
  function choice(id, options, key, redraw) {
    const draw = () => {
      for (const element of find(id).querySelectorAll("[data-value]")) {
        element.setAttribute("aria-pressed", element.dataset.value === String(state[key]));
      }
    };
    find(id).replaceChildren(
      ...Object.entries(options).map(([value, label]) =>
        button(
          label,
          () => {
            state[key] = typeof state[key] === "number" ? Number(value) : value;
            draw();
            redraw();
          },
          { "data-value": value },
        ),
      ),
    );
    draw();
  }

  /** A button that is pressed or not. */
  function toggle(label, pressed, onChange, attributes = {}) {
    const element = button(
      label,
      () => {
        const now = element.getAttribute("aria-pressed") !== "true";
        element.setAttribute("aria-pressed", now);
        onChange(now);
      },
      { "aria-pressed": pressed, ...attributes },
    );
    return element;
  }

  function drawMethods() {
    find("methods").replaceChildren(
      ...Object.entries(set().names).map(([method, name]) =>
        toggle(
          name,
          !hidden.has(method),
          (shown) => {
            if (shown) hidden.delete(method);
            else hidden.add(method);
            drawTiles();
            drawTable();
          },
          { "data-method": method },
        ),
      ),
    );
  }

  function drawRecords() {
    find("records").replaceChildren(
      ...set().records.filter(({ shard }) => shard == null || shard === current().shard).map((record) =>
        make(
          "details",
          {},
          make("summary", {}, record.name),
          make("p", { class: "note" }, make("a", { href: record.path }, "whole record"), `, commit ${record.commit}`),
          make("pre", { tabindex: "0" }, JSON.stringify(record.config, null, 2)),
        ),
      ),
    );
  }

  function openDataset() {
    sorting.key = null;
    find("views").hidden = ofWords();
    find("legend").hidden = !ofWords();
    find("generated").hidden = !set().generated;
    drawHead();
    drawMethods();
    drawChooser();
  }

  // ---- start

  const linked = /^#(\d+)-(\d+)$/.exec(location.hash);
  if (linked && data.datasets[linked[1]]?.inputs[linked[2]]) {
    state.dataset = Number(linked[1]);
    state.row = Number(linked[2]);
  }
  if (data.datasets.length) {
    const names = Object.fromEntries(data.datasets.map(({ dataset }, at) => [at, dataset]));
    choice("datasets", names, "dataset", () => {
      state.row = 0;
      openDataset();
    });
    choice("views", VIEWS, "view", drawTiles);
    choice("scopes", SCOPES, "scope", drawTable);
    find("views").append(
      toggle("boxes", true, (shown) => {
        state.boxes = shown;
        drawTiles();
      }),
    );
    find("query").addEventListener("input", (event) => {
      state.query = event.target.value;
      drawChooser();
    });
    find("previous").addEventListener("click", () => step(-1));
    find("next").addEventListener("click", () => step(1));
    document.addEventListener("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
      // There the arrows move the caret or scroll.
      if (event.target.closest("input, pre, .scroll")) return;
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!by) return;
      event.preventDefault();
      step(by);
    });
    find("gallery").hidden = false;
    openDataset();
  }
})();
