"use strict";
// Curves over the epochs, with a cursor at the one that is shown.

const FRAME = { width: 460, height: 190, left: 58, right: 12, top: 10, bottom: 26 };

class Curves {
  /**
   * svg, legend: where to draw.  title: for screen readers.  lines: [{ name, points: [[epoch, number]] }].
   * last: the last epoch.  choose: called with an epoch that is clicked.
   */
  constructor(svg, legend, { title, lines, last, choose }) {
    Object.assign(this, { svg, lines, last });
    const { width, height } = FRAME;
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.setAttribute("aria-label", title);
    this.scale = scaleOf(lines.flatMap(({ points }) => points.map(([, y]) => y)));
    this.drawAxes();
    lines.forEach(({ points }, i) => svg.append(...this.drawLine(points, i)));
    this.cursor = drawn("line", { class: "cursor", y1: FRAME.top, y2: height - FRAME.bottom });
    this.dots = lines.map((_, i) => drawn("circle", { class: `dot line-${i % 5}`, r: 4 }));
    svg.append(this.cursor, ...this.dots);
    this.legend = lines.map(({ name }, i) => this.legendEntry(legend, name, i));
    svg.addEventListener("click", (event) => {
      const box = svg.getBoundingClientRect();
      const x = ((event.clientX - box.left) * width) / box.width;
      choose(((x - FRAME.left) / (width - FRAME.left - FRAME.right)) * last);
    });
  }

  x(epoch) {
    const { width, left, right } = FRAME;
    return left + (epoch / Math.max(1, this.last)) * (width - left - right);
  }

  y(number) {
    const { height, top, bottom } = FRAME;
    return height - bottom - this.scale.share(number) * (height - top - bottom);
  }

  drawAxes() {
    const { width, height, left, right, bottom } = FRAME;
    for (const tick of this.scale.ticks) {
      const y = this.y(tick);
      this.svg.append(drawn("line", { class: "grid", x1: left, x2: width - right, y1: y, y2: y }));
      this.svg.append(drawn("text", { class: "tick side", x: left - 6, y: y + 3.5 }, shownNumber(tick)));
    }
    for (const epoch of epochTicks(this.last)) {
      this.svg.append(drawn("text", { class: "tick", x: this.x(epoch), y: height - bottom + 16 }, String(epoch)));
    }
    this.svg.append(drawn("line", { class: "axis", x1: left, x2: width - right, y1: height - bottom, y2: height - bottom }));
  }

  /** Return the parts of a curve: what is not finite, or not on the scale, leaves a gap. */
  drawLine(points, i) {
    let d = "";
    let pen = "M";
    for (const [epoch, number] of points) {
      if (!this.scale.has(number)) {
        pen = "M";
        continue;
      }
      d += `${pen}${this.x(epoch).toFixed(1)} ${this.y(number).toFixed(1)}`;
      pen = "L";
    }
    return [drawn("path", { class: `curve line-${i % 5}`, d })];
  }

  legendEntry(list, name, i) {
    const sample = drawn("svg", { class: "sample-line", viewBox: "0 0 40 12", "aria-hidden": "true" }, drawn("path", { class: `curve line-${i % 5}`, d: "M2 6h36" }));
    const number = made("b", "");
    list.append(made("li", "", sample, made("span", "", name), number));
    return number;
  }

  /** Move the cursor to an epoch and show the numbers there. */
  show(epoch) {
    for (const end of ["x1", "x2"]) this.cursor.setAttribute(end, this.x(epoch));
    this.lines.forEach(({ points }, i) => {
      const found = points.find(([at]) => at === epoch);
      const there = found !== undefined && this.scale.has(found[1]);
      this.dots[i].style.display = there ? "" : "none";
      this.legend[i].textContent = found === undefined ? "—" : shownNumber(found[1]);
      if (!there) return;
      this.dots[i].setAttribute("cx", this.x(epoch));
      this.dots[i].setAttribute("cy", this.y(found[1]));
    });
  }
}

/** Return a scale for numbers: logarithmic where all are above zero and far apart. */
function scaleOf(numbers) {
  const finite = numbers.filter(Number.isFinite);
  const positive = finite.filter((x) => x > 0);
  const least = Math.min(...positive);
  const most = Math.max(...finite);
  if (positive.length > 0 && finite.every((x) => x >= 0) && most > 20 * least) return logScale(Math.max(least, most * 1e-12), most);
  return evenScale(Math.min(0, ...finite), finite.length === 0 ? 1 : most);
}

function logScale(least, most) {
  const [low, high] = [Math.floor(Math.log10(least)), Math.ceil(Math.log10(most))];
  const step = Math.ceil((high - low) / 5);
  const ticks = [];
  for (let power = low; power <= high; power += step) ticks.push(Number(`1e${power}`));
  return { ticks, has: (x) => Number.isFinite(x) && x >= 10 ** low, share: (x) => (Math.log10(x) - low) / (high - low) };
}

function evenScale(low, most) {
  const span = most - low || 1;
  const power = 10 ** Math.floor(Math.log10(span / 3));
  const step = [1, 2, 5, 10].map((times) => times * power).find((one) => span / one <= 5);
  const begin = Math.floor(low / step) * step;
  const end = Math.ceil((low + span) / step) * step;
  const ticks = [];
  for (let i = 0; begin + i * step <= end + step / 2; i += 1) ticks.push(Number((begin + i * step).toPrecision(12)));
  return { ticks, has: Number.isFinite, share: (x) => (x - begin) / (end - begin) };
}

function epochTicks(last) {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, last) / 2));
  const step = Math.max(1, [1, 2, 5, 10].map((times) => times * power).find((one) => last / one <= 6) ?? power);
  return Array.from({ length: Math.floor(last / step) + 1 }, (_, i) => i * step);
}
