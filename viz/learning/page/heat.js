"use strict";
// A model of any size as a map of each matrix: a row for each unit, a column for each of its inputs.

const CELL = { least: 3, most: 18, bar: 6 }; // pixels; from `bar` on a negative cell shows a bar

class Heat {
  /** place: the element to draw in.  told: called with the words for the cell that is pointed at. */
  constructor(place, film, told) {
    Object.assign(this, { film, told, position: 0, what: "weights" });
    this.maps = film.matrices.map((matrix) => this.map(matrix, place));
    for (const change of [matchMedia("(prefers-color-scheme: dark)"), document.getElementById("theme")]) {
      change.addEventListener("change", () => requestAnimationFrame(() => this.draw()));
    }
  }

  map(matrix, place) {
    const owner = matrix.layer ? `${matrix.layer}.${matrix.name}` : matrix.name;
    const caption = made("figcaption", "", `${owner}, ${matrix.rows} × ${matrix.columns}`);
    const size = Math.floor(Math.min(CELL.most, Math.max(CELL.least, 520 / matrix.columns, matrix.rows > 1 ? 0 : 8)));
    const canvas = made("canvas", "");
    const ratio = Math.min(3, Math.ceil(devicePixelRatio || 1));
    canvas.width = matrix.columns * size * ratio;
    canvas.height = matrix.rows * size * ratio;
    canvas.style.width = `${matrix.columns * size}px`;
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `Map of ${owner}: arrow keys go from cell to cell`);
    canvas.tabIndex = 0;
    const map = { matrix, canvas, size: size * ratio, ratio, row: 0, column: 0 };
    canvas.addEventListener("mousemove", (event) => {
      const box = canvas.getBoundingClientRect();
      const at = (from, span, count) => Math.min(count - 1, Math.max(0, Math.floor((from / span) * count)));
      this.point(map, at(event.clientY - box.top, box.height, matrix.rows), at(event.clientX - box.left, box.width, matrix.columns));
    });
    canvas.addEventListener("focus", () => this.point(map, map.row, map.column));
    canvas.addEventListener("keydown", (event) => this.key(event, map));
    place.append(made("figure", "map", caption, canvas));
    return map;
  }

  key(event, map) {
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    const within = (x, count) => Math.min(count - 1, Math.max(0, x));
    this.point(map, within(map.row + step[0], map.matrix.rows), within(map.column + step[1], map.matrix.columns));
  }

  point(map, row, column) {
    Object.assign(map, { row, column });
    this.pointed = map;
    this.told(`${this.film.cellName(map.matrix, row, column)}: ${cellSentence(this.film, this.position, map.matrix, row, column)}.`);
    this.draw();
  }

  /** Show a record: its "weights" or "gradients". */
  show(position, what) {
    Object.assign(this, { position, what });
    if (this.pointed) this.point(this.pointed, this.pointed.row, this.pointed.column);
    else this.draw();
  }

  draw() {
    const style = getComputedStyle(document.body);
    const numbers = this.film.numbers(this.what, this.position);
    const scale = this.film.scale(this.what, this.position);
    const colours = coloursOf(document.getElementById("picture"));
    for (const map of this.maps) {
      const { matrix, canvas, size } = map;
      const pen = canvas.getContext("2d");
      pen.clearRect(0, 0, canvas.width, canvas.height);
      for (let i = 0; i < matrix.size; i += 1) {
        if (matrix.absent.has(i)) continue;
        const x = numbers === null ? 0 : numbers[matrix.begin + i];
        const [left, top] = [(i % matrix.columns) * size, Math.floor(i / matrix.columns) * size];
        const colour = colours[signClass(x, scale, this.film.levels)];
        pen.fillStyle = colour.ground;
        pen.fillRect(left, top, size, size);
        if (size < CELL.bar * map.ratio || !(x < 0 || Number.isNaN(x))) continue;
        pen.fillStyle = colour.mark;
        pen.fillRect(left + size / 4, top + size / 2 - map.ratio / 2, size / 2, map.ratio);
        if (Number.isNaN(x)) pen.fillRect(left + size / 2 - map.ratio / 2, top + size / 4, map.ratio, size / 2);
      }
      if (map !== this.pointed) continue;
      pen.strokeStyle = style.color;
      pen.lineWidth = 2 * map.ratio;
      pen.strokeRect(map.column * size, map.row * size, size, size);
    }
  }
}

/** Return the colours of each class of numbers, as the theme has them now. */
function coloursOf(place) {
  const found = {};
  for (const name of ["zero", "bad", ...["plus", "minus"].flatMap((sign) => [0, 1, 2, 3].map((size) => `${sign}-${size}`))]) {
    const chip = made("span", `chip ${name}`);
    place.append(chip);
    const { backgroundColor, color } = getComputedStyle(chip);
    found[name] = { ground: backgroundColor, mark: color };
    chip.remove();
  }
  return found;
}
