"use strict";
// The graph as SVG: built once, then told after each step what to show. Where things stand comes from Python.

class Graph {
  /**
   * svg: where to draw.  on: what to call with a card: `choose` with one that is clicked, or chosen by Enter
   * or Space, `focus` with one that the arrow keys have come to.
   */
  constructor(svg, player, chipClass, on) {
    this.svg = svg;
    this.player = player;
    this.chipClass = chipClass;
    this.on = on;
    this.focused = player.root;
    this.travelling = 0;
    const { cards, edges } = player.model;
    const below = drawn("g", { "aria-hidden": "true" });
    this.edges = edges.map((edge) => this.drawEdge(edge));
    below.append(...this.edges.map((edge) => edge.group));
    const above = drawn("g");
    this.cards = cards.map((card, place) => this.drawCard(card, place));
    // Screen readers read the graph as it is computed: from the leaves to the root.
    above.append(...this.cards.map((card) => card.group));
    this.dots = drawn("g", { "aria-hidden": "true" });
    svg.append(below, above, this.dots);
    for (const card of this.cards) card.fit();
    whenSeen(svg, () => this.measure());
    this.focusable(this.focused);
    svg.addEventListener("keydown", (event) => this.key(event));
    svg.addEventListener("mousedown", (event) => {
      event.preventDefault(); // a click is not a focus: arrow keys go on stepping after it
      document.activeElement?.blur();
    });
  }

  // -- drawing, once ---------------------------------------------------------------------------------

  drawCard(card, place) {
    const { x, y, width, height } = card.box;
    const group = drawn("g", { class: `card ${card.kind}`, transform: `translate(${x} ${y})` });
    const title = drawn("title");
    const round = card.constant && !card.own ? height / 2 : { op: 9, param: 9, const: 9 }[card.kind] ?? 0;
    const body = drawn("rect", { class: "body", width, height, rx: round });
    const ring = drawn("rect", { class: "ring", x: -4, y: -4, width: width + 8, height: height + 8, rx: round && round + 4 });
    group.append(title, ring, body);
    const parts = { group, title, fit: () => {} };
    if (card.constant && !card.own) {
      const number = drawn("text", { class: "number", x: 11, y: height / 2 + 4 }, shownNumber(card.data));
      const word = drawn("text", { class: "word", x: width - 10, y: height / 2 + 4 }, "const");
      group.append(number, word);
      group.setAttribute("role", "img");
      return parts;
    }
    const sign = drawn("text", { class: "operation", x: 10, y: 20 }, card.sign);
    const name = drawn("text", { class: card.own ? "name" : "name given", y: 20 }, card.name);
    const word = drawn("text", { class: "word", x: width - 10, y: 19 }, card.word);
    const data = drawn("text", { class: "number", x: width - 15, y: 41 });
    group.append(sign, name, word, drawn("text", { class: "row", x: 10, y: 40.5 }, "data"), data);
    parts.data = data;
    parts.fit = () => {
      const begin = card.sign ? 10 + sign.getComputedTextLength() + 7 : 10;
      name.setAttribute("x", begin);
      name.removeAttribute("textLength");
      const end = card.word ? width - 10 - word.getComputedTextLength() - 6 : width - 10;
      if (name.getComputedTextLength() > end - begin) {
        name.setAttribute("textLength", Math.max(8, end - begin));
        name.setAttribute("lengthAdjust", "spacingAndGlyphs");
      }
    };
    if (!card.constant) {
      const chip = drawn("rect", { class: "chip", y: 48, height: 18, rx: 4 });
      const row = drawn("text", { class: "row", x: 10, y: 60.5 });
      const check = drawn("path", { class: "check", d: "M37 57 l3 3 l5.5 -7" });
      const gradient = drawn("text", { class: "number", x: width - 15, y: 61 });
      group.append(chip, row, check, gradient);
      Object.assign(parts, { chip, row, check, gradient });
    }
    if (card.constant) {
      group.setAttribute("role", "img");
    } else {
      group.setAttribute("role", "button");
      group.setAttribute("tabindex", "-1");
      group.addEventListener("click", () => this.choose(place));
    }
    return parts;
  }

  drawEdge(edge) {
    const { points, tip, label } = edge.line;
    const [first, ...rest] = points;
    const d = `M${first.join(" ")}C${rest.map((point) => point.join(" ")).join(" ")}L${tip.join(" ")}`;
    const path = drawn("path", { class: "line", d });
    const ahead = drawn("polygon", { class: "head", points: arrow(tip, points.at(-2)) });
    const back = drawn("polygon", { class: "head back", points: arrow(points[0], points[1]) });
    const group = drawn("g", { class: edge.flows ? "edge" : "edge constant" }, path, ahead, back);
    if (!edge.flows) return { group, path };
    const [x, y] = label;
    const ground = drawn("rect", { class: "ground", rx: 3 });
    const local = drawn("text", { class: "local", x }, `×${shownNumber(edge.partial)}`);
    const part = drawn("text", { class: "part", x, y: y + 11 });
    const text = drawn("g", { class: "label" }, ground, local, part);
    group.append(text);
    return { group, path, ground, local, part, x, y };
  }

  /** Fit what depends on how wide texts are, and show the step anew. */
  measure() {
    for (const card of this.cards) {
      card.state = null;
      card.fit();
    }
    for (const edge of this.edges) edge.state = edge.shown = null;
    this.update(false);
  }

  // -- showing a step --------------------------------------------------------------------------------

  /** Show the step the player is at. travel: let dots run along the edges it is about. */
  update(travel) {
    const about = this.about();
    this.cards.forEach((card, place) => this.updateCard(card, place, about));
    this.edges.forEach((edge, place) => this.updateEdge(edge, place, about));
    this.dots.replaceChildren();
    cancelAnimationFrame(this.travelling);
    if (travel && !reducedMotion()) this.travel(about);
  }

  /** Return what the step is about: the card that uses, its operands, the edges between, and the way. */
  about() {
    const { phase, card, flow, edge } = this.player.step();
    const { edges } = this.player.model;
    if (phase === "backward") return { user: edge.user, operands: new Set([edge.operand]), edges: new Set([flow.edge]), back: true };
    const about = { user: card ?? null, operands: new Set(), edges: new Set(), back: false };
    if (phase !== "forward") return about;
    edges.forEach((used, place) => {
      if (used.user !== card) return;
      about.operands.add(used.operand);
      about.edges.add(place);
    });
    return about;
  }

  updateCard(card, place, about) {
    const { player } = this;
    const computed = player.computed[place];
    const { classList } = card.group;
    const role = about.user === place ? "user" : about.operands.has(place) ? "operand" : "";
    const state = [computed, role, player.arrived[place], player.gradients[place], player.isComplete(place)].join();
    if (card.state === state) return; // most cards stay as they are, and touching them takes time
    card.state = state;
    classList.toggle("waiting", !computed);
    classList.toggle("user", role === "user");
    classList.toggle("operand", role === "operand");
    const said = cardSentence(player, place);
    card.title.textContent = said;
    card.group.setAttribute("aria-label", said);
    const shown = player.model.cards[place];
    if (card.data) {
      card.data.textContent = computed ? shownNumber(shown.data) : "·";
      card.data.classList.toggle("bad", computed && !Number.isFinite(shown.data));
    }
    if (!card.chip) return;
    const gradient = player.gradients[place];
    const complete = player.isComplete(place);
    const [arrived, expected] = [player.arrived[place], player.expected[place]];
    classList.toggle("partial", gradient !== null && !complete);
    classList.toggle("complete", complete);
    card.gradient.textContent = gradient === null ? "—" : shownNumber(gradient);
    card.row.textContent = expected > 1 && arrived > 0 && !complete ? `grad ${arrived}/${expected}` : "grad";
    card.chip.setAttribute("class", `chip ${gradient === null ? "none" : this.chipClass(gradient)}`);
    card.gradient.setAttribute("class", `number ${gradient === null ? "none" : this.chipClass(gradient)}`);
    const width = Math.min(shown.box.width - 50, card.gradient.getComputedTextLength() + 12);
    card.chip.setAttribute("width", width);
    card.chip.setAttribute("x", shown.box.width - 9 - width);
  }

  updateEdge(edge, place, about) {
    const { player } = this;
    const { user, partial, shared } = player.model.edges[place];
    const contribution = player.handed[place];
    const active = about.edges.has(place);
    const state = [player.computed[user], active, active && about.back, contribution].join();
    if (edge.state === state) return;
    edge.state = state;
    const { classList } = edge.group;
    classList.toggle("waiting", !player.computed[user]);
    classList.toggle("active", active);
    classList.toggle("backward", active && about.back);
    if (!edge.local) return;
    const share = contribution === null ? null : Math.min(1, Math.abs(contribution) / player.model.largest || 0);
    const strength = contribution === null ? "" : this.chipClass(contribution).replace(/[01]$/, "2");
    edge.path.setAttribute("class", `line ${strength} ${contribution < 0 ? "negative" : ""}`);
    edge.path.style.strokeWidth = share === null ? "" : `${1.2 + 2 * share}px`;
    for (const head of edge.group.querySelectorAll(".head")) head.setAttribute("class", `${head.classList.contains("back") ? "head back" : "head"} ${strength}`);
    const part = shared && contribution !== null ? `= ${shownNumber(contribution)}` : "";
    if (edge.shown === `${partial}${part}`) return;
    edge.shown = `${partial}${part}`;
    edge.local.setAttribute("y", part ? edge.y - 3 : edge.y + 4);
    edge.part.textContent = part;
    const width = Math.max(edge.local.getComputedTextLength(), edge.part.getComputedTextLength()) + 6;
    const height = part ? 28 : 15;
    for (const [name, value] of Object.entries({ x: edge.x - width / 2, y: edge.y - height / 2, width, height })) edge.ground.setAttribute(name, value);
  }

  /** Return the part of the graph that the step is about. */
  subject(about = this.about()) {
    const places = [about.user, ...about.operands].filter((place) => place !== null);
    const boxes = places.map((place) => this.player.model.cards[place].box);
    if (boxes.length === 0) return { x: 0, y: 0, width: 0, height: 0 };
    const [x, y] = [Math.min(...boxes.map((box) => box.x)) - 8, Math.min(...boxes.map((box) => box.y)) - 8];
    const right = Math.max(...boxes.map((box) => box.x + box.width)) + 8;
    const bottom = Math.max(...boxes.map((box) => box.y + box.height)) + 8;
    return { x, y, width: right - x, height: bottom - y };
  }

  travel(about) {
    const runs = [...about.edges].slice(0, 40).map((place) => {
      const { path } = this.edges[place];
      const dot = drawn("circle", { class: "dot", r: 4.5 });
      this.dots.append(dot);
      return { path, dot, length: path.getTotalLength() };
    });
    const start = performance.now();
    const frame = (now) => {
      const t = Math.min(1, Math.max(0, (now - start) / 520));
      const eased = t * t * (3 - 2 * t);
      for (const { path, dot, length } of runs) {
        const { x, y } = path.getPointAtLength(length * (about.back ? 1 - eased : eased));
        dot.setAttribute("cx", x);
        dot.setAttribute("cy", y);
      }
      if (t < 1) this.travelling = requestAnimationFrame(frame);
      else this.dots.replaceChildren();
    };
    this.travelling = requestAnimationFrame(frame);
  }

  // -- the keyboard: one tab stop, arrows from card to card -------------------------------------------

  key(event) {
    const direction = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (direction) this.moveFocus(direction);
    else if (event.key === "Enter" || event.key === " ") this.choose(this.focused);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  choose(place) {
    this.focusable(place);
    this.on.choose(place);
  }

  moveFocus(direction) {
    const { cards } = this.player.model;
    const centres = cards.map(({ box }) => [box.x + box.width / 2, box.y + box.height / 2]);
    const nearest = nearestAhead(centres, this.focused, direction, (place) => !cards[place].constant);
    if (nearest === null) return;
    this.focusable(nearest);
    this.cards[nearest].group.focus();
    this.on.focus(nearest);
  }

  focusable(place) {
    this.cards[this.focused].group.setAttribute("tabindex", "-1");
    this.focused = place;
    this.cards[place].group.setAttribute("tabindex", "0");
  }
}

/** Return the corners of an arrow head whose tip is at `tip`, coming from `from`. */
function arrow([x, y], [fromX, fromY]) {
  const length = Math.hypot(x - fromX, y - fromY) || 1;
  const [dx, dy] = [(x - fromX) / length, (y - fromY) / length];
  const corners = [[x, y], [x - 8 * dx - 3.5 * dy, y - 8 * dy + 3.5 * dx], [x - 8 * dx + 3.5 * dy, y - 8 * dy - 3.5 * dx]];
  return corners.map((corner) => corner.map((part) => part.toFixed(1)).join(",")).join(" ");
}
