"use strict";
// The cards and arrows that are seen, drawn anew whenever a branch is opened or closed.

const LABELLED = 70; // arrows up to which each shows its numbers

class View {
  /** svg: where to draw.  on: what to call: `choose` with a card, `point` with words, `focus` with a card the keys came to. */
  constructor(svg, folded, on) {
    Object.assign(this, { svg, folded, on, focused: null, chosen: null });
    svg.addEventListener("keydown", (event) => this.key(event));
  }

  /** Draw what is seen now. */
  draw() {
    const { folded } = this;
    const ids = folded.visible();
    const arrows = folded.arrows();
    const nodes = ids.map((id) => ({ id, ...this.size(id), group: folded.parent(id) < 0 ? null : folded.parent(id) }));
    this.layout = arranged(nodes, arrows);
    const frames = drawn("g", { "aria-hidden": "true" }, ...this.frames());
    const lines = drawn("g", { "aria-hidden": "true" });
    const labels = drawn("g", { "aria-hidden": "true" });
    this.labelled = []; // where numbers stand already
    const cards = drawn("g");
    this.svg.replaceChildren(frames, lines, labels, cards);
    const crowd = (id, end) => arrows.filter((arrow) => arrow[end] === id).length;
    arrows.forEach((arrow, i) => {
      const atHead = crowd(arrow.from, "from") > crowd(arrow.to, "to"); // numbers stand where fewer arrows meet
      this.drawArrow(arrow, this.layout.ways[i], lines, arrows.length <= LABELLED ? labels : null, atHead);
    });
    this.groups = new Map(ids.map((id) => [id, this.drawCard(id)]));
    cards.append(...this.groups.values());
    this.ids = ids;
    if (!this.groups.has(this.focused)) this.focused = folded.home(folded.root);
    this.groups.get(this.focused).setAttribute("tabindex", "0");
    this.mark();
    this.measure();
    return { width: this.layout.width, height: this.layout.height };
  }

  /** Fit what depends on how wide texts are. */
  measure() {
    for (const ground of this.svg.querySelectorAll(".ground")) fitGround(ground);
  }

  size(id) {
    const { folded } = this;
    const wide = (text, each) => [...text].length * each;
    if (folded.isBranch(id)) return { width: Math.max(158, wide(folded.title(id), 8.2) + 44), height: 74 };
    const card = folded.cards[id];
    if (card.constant && !card.own) return { width: wide(card.name, 8) + 58, height: 26 };
    const heading = wide(card.sign, 9) + wide(folded.shortName(id), 8.2) + wide(card.word, 5.6) + 44;
    const numbers = Math.max(wide(shownNumber(card.data), 7.6), card.gradient === null ? 0 : wide(shownNumber(card.gradient), 7.6)) + 70;
    return { width: Math.max(86, Math.min(heading, 260), numbers), height: card.constant ? 50 : 72 };
  }

  /** Return a frame around the cards of each open branch. */
  frames() {
    const titles = []; // where they stand: the frames of a branch within a branch may begin at almost the same height
    return [...this.folded.open].flatMap((branch) => {
      const boxes = this.inside(branch);
      if (boxes.length === 0) return [];
      const box = around(boxes, 9 + 5 * this.height(branch));
      const words = this.folded.title(branch);
      const place = { x: box.x + 8, y: box.y - 4, width: [...words].length * 6.6 };
      for (const other of titles.sort((one, two) => one.x - two.x)) {
        const apart = Math.abs(other.y - place.y) > 13 || other.x > place.x + place.width || other.x + other.width < place.x;
        if (!apart) place.x = other.x + other.width + 10;
      }
      titles.push(place);
      const title = drawn("text", { class: "frame-title", x: place.x, y: place.y }, words);
      return [drawn("rect", { class: "frame", ...box, rx: 12 }), title];
    });
  }

  /** Return how many levels of open branches a branch holds. */
  height(branch) {
    const inner = this.folded.children(branch).filter((id) => this.folded.open.has(id));
    return inner.length === 0 ? 0 : 1 + Math.max(...inner.map((id) => this.height(id)));
  }

  inside(branch) {
    return [...this.layout.boxes].filter(([id]) => this.folded.ancestors(id).includes(branch)).map(([, box]) => box);
  }

  drawCard(id) {
    const { folded } = this;
    const { x, y, width, height } = this.layout.boxes.get(id);
    const branch = folded.isBranch(id);
    const card = branch ? null : folded.cards[id];
    const said = cardWords(folded, id);
    const group = drawn("g", { class: `card ${branch ? "branch" : card.kind}`, transform: `translate(${x} ${y})`, role: "button", tabindex: "-1", "aria-label": said }, drawn("title", {}, said));
    if (branch) group.setAttribute("aria-expanded", "false");
    const round = branch ? 10 : card.constant && !card.own ? height / 2 : { op: 9, param: 9, const: 9 }[card.kind] ?? 0;
    if (branch) for (const away of [8, 4]) group.append(drawn("rect", { class: "body stack", x: away, y: away, width: width - 8, height: height - 8, rx: round }));
    group.append(drawn("rect", { class: "ring", x: -4, y: -4, width: width + 8, height: height + 8, rx: round && round + 4 }));
    group.append(drawn("rect", { class: "body", width: branch ? width - 8 : width, height: branch ? height - 8 : height, rx: round }));
    if (branch) this.fillBranch(group, id, width - 8);
    else this.fillValue(group, card, folded.shortName(id), width, height);
    group.addEventListener("click", () => {
      this.focus(id);
      this.on.choose(id);
    });
    group.addEventListener("pointerenter", () => this.on.point(said));
    group.addEventListener("focus", () => this.on.point(said));
    return group;
  }

  fillBranch(group, id, width) {
    const { count, rms } = this.folded.summary(id);
    group.append(
      drawn("path", { class: "opens", d: "M12 11l5 4.500l-5 4.500" }),
      drawn("text", { class: "operation", x: 23, y: 20 }, this.folded.title(id)),
      drawn("text", { class: "row", x: 12, y: 38 }, counted(count, "value")),
      drawn("text", { class: "row", x: 12, y: 57 }, "grad rms"),
    );
    this.chip(group, rms, width, 44);
  }

  fillValue(group, card, title, width, height) {
    if (card.constant && !card.own) {
      group.append(drawn("text", { class: "number", x: 11, y: height / 2 + 4 }, shownNumber(card.data)), drawn("text", { class: "word", x: width - 10, y: height / 2 + 4 }, "const"));
      return;
    }
    const sign = drawn("text", { class: "operation", x: 10, y: 20 }, card.sign);
    const room = Math.floor((width - 24 - [...card.sign].length * 9 - [...card.word].length * 5.6) / 7.6);
    const shown = [...title].length > room ? `${[...title].slice(0, Math.max(1, room - 1)).join("")}…` : title;
    const name = drawn("text", { class: "name given", x: card.sign ? 17 + [...card.sign].length * 9 : 10, y: 20 }, shown);
    group.append(sign, name, drawn("text", { class: "word", x: width - 10, y: 19 }, card.word));
    group.append(drawn("text", { class: "row", x: 10, y: 40.5 }, "data"), drawn("text", { class: `number ${Number.isFinite(card.data) ? "" : "bad"}`, x: width - 15, y: 41 }, shownNumber(card.data)));
    if (card.constant) return;
    group.append(drawn("text", { class: "row", x: 10, y: 60.5 }, "grad"));
    this.chip(group, card.gradient, width, 48);
  }

  chip(group, x, width, y) {
    const text = x === null ? "—" : shownNumber(x);
    const colours = x === null ? "none" : signClass(x, this.folded.largest, this.folded.levels);
    const wide = [...text].length * 7.4 + 12;
    if (x !== null) group.append(drawn("rect", { class: `chip ${colours}`, x: width - 9 - wide, y, width: wide, height: 18, rx: 4 }));
    group.append(drawn("text", { class: `number ${colours}`, x: width - 15, y: y + 13 }, text));
  }

  drawArrow(arrow, points, lines, labels, atHead) {
    const { folded } = this;
    const single = arrow.edges.length === 1 ? arrow.edges[0] : null;
    const contribution = single === null ? null : single.contribution;
    const constant = single !== null && folded.cards[single.operand].constant;
    const strength = contribution === null ? "" : signClass(contribution, folded.largest, folded.levels).replace(/[01]$/, "2");
    const d = curve(points);
    const line = drawn("path", { class: `line ${strength} ${contribution < 0 ? "negative" : ""}`, d });
    const share = contribution === null ? 0 : Math.min(1, Math.abs(contribution) / folded.largest || 0);
    line.style.strokeWidth = `${constant ? 0.7 : single === null ? 1.2 + Math.min(2, Math.log10(arrow.edges.length)) : 1.2 + 2 * share}px`;
    const ahead = points.at(-1)[0] >= points.at(-2)[0] ? 1 : -1;
    const [x, y] = points.at(-1);
    const head = drawn("polygon", { class: `head ${strength}`, points: `${x},${y} ${x - 8 * ahead},${y - 3.5} ${x - 8 * ahead},${y + 3.5}` });
    const hit = drawn("path", { class: "hit", d }, drawn("title", {}, arrowWords(folded, arrow)));
    hit.addEventListener("pointerenter", () => {
      line.classList.add("pointed");
      this.on.point(arrowWords(folded, arrow));
    });
    hit.addEventListener("pointerleave", () => line.classList.remove("pointed"));
    lines.append(drawn("g", { class: "edge" }, line, head, hit));
    if (labels !== null && !constant) this.label(arrow, single, atHead ? points.slice(-2).reverse() : points, labels);
  }

  label(arrow, single, points, labels) {
    const texts = single === null ? [`${arrow.edges.length.toLocaleString("en")} uses`] : [`×${shownNumber(single.partial)}`];
    if (single !== null && single.contribution !== null && this.folded.from[single.operand].length > 1) texts.push(`= ${shownNumber(single.contribution)}`);
    const size = { width: Math.max(...texts.map((text) => [...text].length)) * 5.8, height: texts.length * 13 };
    const between = ([a, b], share) => ({ ...size, x: a[0] + (b[0] - a[0]) * share, y: a[1] + (b[1] - a[1]) * (share - 0.07) });
    const places = [0.42, 0.58, 0.26, 0.74].map((share) => between(points, share));
    for (let i = 2; i + 1 < points.length; i += 2) places.push(between(points.slice(i), 0.5)); // between columns of cards
    const apart = (one) => this.labelled.every((other) => clear(one, other));
    const place = places.find(apart) ?? places[0];
    this.labelled.push(place);
    const { x, y } = place;
    const group = drawn("g", { class: "label" }, drawn("rect", { class: "ground", rx: 3 }));
    texts.forEach((text, i) => group.append(drawn("text", { class: i === 0 ? "local" : "part", x, y: y + 4 + (i - (texts.length - 1) / 2) * 13 }, text)));
    labels.append(group);
  }

  // -- what is chosen, and the keyboard ----------------------------------------------------------------

  mark() {
    for (const [id, group] of this.groups) group.classList.toggle("user", id === this.chosen);
  }

  /** Let the keyboard be at a card. */
  focus(id, take = false) {
    this.groups.get(this.focused)?.setAttribute("tabindex", "-1");
    this.focused = id;
    this.groups.get(id).setAttribute("tabindex", "0");
    if (take) this.groups.get(id).focus({ preventScroll: true });
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const direction = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (direction) {
      const centres = this.ids.map((id) => centreOf(this.layout.boxes.get(id)));
      const place = nearestAhead(centres, this.ids.indexOf(this.focused), direction);
      if (place === null) return;
      this.focus(this.ids[place], true);
      this.on.focus(this.ids[place]);
    } else if (event.key === "Enter" || event.key === " ") this.on.choose(this.focused);
    else if (event.key === "Backspace") this.on.fold(this.folded.parent(this.focused));
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

/** Return a path through points, level where it meets each. */
function curve(points) {
  let d = `M${points[0].join(" ")}`;
  for (let i = 1; i < points.length; i += 1) {
    const [[fromX, fromY], [x, y]] = [points[i - 1], points[i]];
    const bend = (x - fromX) / 2;
    d += `C${fromX + bend} ${fromY} ${x - bend} ${y} ${x} ${y}`;
  }
  return d;
}

function centreOf({ x, y, width, height }) {
  return [x + width / 2, y + height / 2];
}

/** Return whether two boxes, of which the centres are given, lie apart. */
function clear(one, other) {
  return Math.abs(one.x - other.x) > (one.width + other.width) / 2 || Math.abs(one.y - other.y) > (one.height + other.height) / 2;
}

/** Return the box around several. */
function around(boxes, margin) {
  const x = Math.min(...boxes.map((box) => box.x)) - margin;
  const y = Math.min(...boxes.map((box) => box.y)) - margin;
  const right = Math.max(...boxes.map((box) => box.x + box.width)) + margin;
  const bottom = Math.max(...boxes.map((box) => box.y + box.height)) + margin;
  return { x, y, width: right - x, height: bottom - y };
}

/** Make a ground as large as the texts it stands behind. */
function fitGround(ground) {
  const boxes = [...ground.parentNode.querySelectorAll("text")].map((text) => text.getBBox());
  for (const [name, value] of Object.entries(around(boxes, 2))) ground.setAttribute(name, value);
}
