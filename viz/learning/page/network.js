"use strict";
// A small network as units and lines; widths, colours and dashes follow its weights or gradients.

const SPACE = { across: 190, down: 46, side: 96, top: 30, radius: 14 };

class Network {
  /** place: the element to draw in.  told: called with the words for what is pointed at. */
  constructor(place, film, told) {
    Object.assign(this, { film, told, focused: 0, position: 0 });
    const { chain } = film;
    const sizes = [chain[0].nin, ...chain.map(({ nout }) => nout)];
    this.height = Math.max(...sizes) * SPACE.down + 2 * SPACE.top;
    this.width = (sizes.length - 1) * SPACE.across + 2 * SPACE.side;
    this.svg = drawn("svg", { viewBox: `0 0 ${this.width} ${this.height}`, role: "group", "aria-label": "Network: arrow keys go from unit to unit" });
    this.svg.style.maxWidth = `${1.5 * this.width}px`;
    this.units = sizes.flatMap((count, layer) => Array.from({ length: count }, (_, unit) => this.unit(layer, unit, count)));
    const lines = drawn("g", { "aria-hidden": "true" });
    this.links = chain.flatMap((dense, layer) => this.linksOf(dense, layer));
    lines.append(...this.links.map(({ path }) => path), ...this.links.map(({ hit }) => hit));
    this.svg.append(lines, ...this.units.map(({ group }) => group));
    this.svg.addEventListener("keydown", (event) => this.key(event));
    place.append(this.svg);
    this.focusable(0);
  }

  centre(layer, unit, count) {
    return [SPACE.side + layer * SPACE.across, this.height / 2 + (unit - (count - 1) / 2) * SPACE.down];
  }

  unit(layer, unit, count) {
    const [x, y] = this.centre(layer, unit, count);
    const { chain, inputs, outputs } = this.film;
    const last = layer === chain.length;
    const given = layer === 0 ? inputs : last ? outputs : null;
    const name = given?.[unit] ?? (layer === 0 ? `x${unit + 1}` : last ? `y${unit + 1}` : `h${layer}.${unit + 1}`);
    const dense = layer === 0 ? null : chain[layer - 1];
    const shape = dense === null
      ? drawn("rect", { class: "unit", x: x - SPACE.radius, y: y - SPACE.radius, width: 2 * SPACE.radius, height: 2 * SPACE.radius, rx: 3 })
      : drawn("circle", { class: "unit", cx: x, cy: y, r: SPACE.radius });
    const outside = layer === 0 || last;
    const text = drawn("text", { class: outside ? `name ${last ? "after" : "before"}` : "name inside", x: x + (last ? 22 : layer === 0 ? -22 : 0), y: outside ? y + 4 : y - SPACE.radius - 4 }, name);
    const sign = drawn("text", { class: "sign", x, y: y + 5 });
    const group = drawn("g", { class: "node", role: "button", tabindex: "-1" }, drawn("title"), shape, sign, text);
    const found = { group, shape, sign, layer, unit, name, dense, centre: [x, y] };
    for (const event of ["mouseenter", "focus"]) group.addEventListener(event, () => this.point(found));
    group.addEventListener("click", () => {
      this.focusable(this.units.indexOf(found));
      this.point(found);
    });
    return found;
  }

  linksOf(dense, layer) {
    const matrix = this.film.matrices[dense.weight];
    const links = [];
    for (let row = 0; row < dense.nout; row += 1) {
      for (let column = 0; column < dense.nin; column += 1) {
        const i = row * dense.nin + column;
        if (matrix.absent.has(i)) continue;
        const [fromX, fromY] = this.centre(layer, column, dense.nin);
        const [toX, toY] = this.centre(layer + 1, row, dense.nout);
        const d = `M${fromX + SPACE.radius} ${fromY}L${toX - SPACE.radius} ${toY}`;
        const path = drawn("path", { class: "link", d });
        const hit = drawn("path", { class: "hit", d });
        const link = { path, hit, matrix, row, column, layer };
        hit.addEventListener("mouseenter", () => this.point(link));
        links.push(link);
      }
    }
    return links;
  }

  /** Show a record: its "weights" or "gradients". */
  show(position, what) {
    Object.assign(this, { position, what });
    const numbers = this.film.numbers(what, position);
    const scale = this.film.scale(what, position);
    for (const { path, matrix, row, column } of this.links) {
      const x = numbers === null ? 0 : numbers[matrix.begin + row * matrix.columns + column];
      const strength = signClass(x, scale, this.film.levels).replace(/[01]$/, "2");
      path.setAttribute("class", `link ${strength} ${x < 0 ? "negative" : ""}`);
      path.style.strokeWidth = `${0.5 + 5.5 * Math.min(1, Math.abs(x) / scale || 0)}px`;
    }
    for (const { group, shape, sign, dense, unit } of this.units) {
      const bias = dense?.bias ?? null;
      const x = bias === null || numbers === null ? null : numbers[this.film.matrices[bias].begin + unit];
      const colours = x === null ? "" : signClass(x, scale, this.film.levels);
      shape.setAttribute("class", `unit ${colours}`);
      sign.setAttribute("class", `sign ${colours}`);
      sign.textContent = x === null || x === 0 || Number.isNaN(x) ? "" : x > 0 ? "+" : "−";
      group.toggleAttribute("data-none", numbers === null);
    }
    for (const one of this.units) {
      const said = this.said(one);
      one.group.setAttribute("aria-label", said);
      one.group.firstChild.textContent = said;
    }
    if (this.pointed) this.point(this.pointed);
  }

  /** Say what is pointed at, and let its lines stand out. */
  point(what) {
    this.pointed = what;
    for (const link of this.links) {
      const mine = what.path ? link === what : (link.layer === what.layer - 1 && link.row === what.unit) || (what.layer === 0 && link.layer === 0 && link.column === what.unit);
      link.path.classList.toggle("pointed", mine);
    }
    this.told(this.said(what));
  }

  said(what) {
    const { film, position } = this;
    if (what.path) return `${film.cellName(what.matrix, what.row, what.column)}: ${cellSentence(film, position, what.matrix, what.row, what.column)}.`;
    if (what.dense === null) return `${what.name}, an input.`;
    const before = this.units.filter(({ layer }) => layer === what.layer - 1);
    const weights = film.matrices[what.dense.weight];
    const each = before.slice(0, 8).map(({ name }, column) => `from ${name} ${cellSentence(film, position, weights, what.unit, column)}`);
    if (before.length > 8) each.push(`and ${before.length - 8} more`);
    const bias = what.dense.bias === null ? [] : [`bias ${cellSentence(film, position, film.matrices[what.dense.bias], 0, what.unit)}`];
    return `${what.name}: ${[...bias, ...each].join("; ")}.`;
  }

  key(event) {
    const direction = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!direction || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    const place = nearestAhead(this.units.map(({ centre }) => centre), this.focused, direction);
    if (place === null) return;
    this.focusable(place);
    this.units[place].group.focus();
  }

  focusable(place) {
    this.units[this.focused].group.setAttribute("tabindex", "-1");
    this.focused = place;
    this.units[place].group.setAttribute("tabindex", "0");
  }
}
