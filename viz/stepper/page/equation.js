"use strict";
// The equation of a step: symbols in one row, their numbers below them, a word for each at the bottom.

/** Show the equation of the step the player is at. */
function showEquation(place, player, chipClass) {
  const { phase, card, flow, edge, hook } = player.step();
  const shown = {
    start: () => startEquation(player),
    forward: () => forwardEquation(player, card),
    seed: () => seedEquation(player, chipClass),
    backward: () => flowEquation(player, flow, edge, chipClass),
    hook: () => hookEquation(player, hook, chipClass),
  }[phase]();
  place.replaceChildren(...shown);
}

/** Return an aligned equation. columns: [symbol, number, word], each a text, an element, or "". */
function aligned(columns) {
  const math = made("div", "math");
  ["symbols", "numbers", "words"].forEach((classes, row) => {
    columns.forEach((column, i) => {
      if (column[row] === "") return;
      const cell = made("div", classes, column[row]);
      cell.style.gridColumn = String(i + 1);
      cell.style.gridRow = String(row + 1);
      math.append(cell);
    });
  });
  return math;
}

function fraction(above, below) {
  return made("span", "fraction", made("span", "", above), made("span", "", below));
}

function derivative(of, by, ofRole, byRole) {
  return fraction(["∂", symbol(of, ofRole)], ["∂", symbol(by, byRole)]);
}

function symbol(name, role) {
  return made("i", `symbol ${role}`, name);
}

function chip(x, classes) {
  return made("span", `chip ${classes}`, shownNumber(x));
}

function plainNumber(x) {
  return made("span", "plain", shownNumber(x));
}

// -- the four kinds of steps ------------------------------------------------------------------------

function startEquation(player) {
  const root = player.model.cards[player.root];
  if (player.seed === 1) return [aligned([[symbol(root.name, "user"), "", ""], ["=", "", ""], [plainNumber(root.data), "", ""]])];
  return [made("p", "hint", "Press play, or the right arrow key.")];
}

function forwardEquation(player, place) {
  const card = player.model.cards[place];
  const names = cells(card.formula, card, (operand) => operandSymbol(operand, "operand"));
  const numbers = cells(card.formula, card, (operand) => plainNumber(operand.data), true);
  const between = names.map((name, i) => [name, numbers[i], ""]);
  const computed = aligned([
    [symbol(card.name, "user"), "", ""],
    ["=", "=", ""],
    ...between,
    ["", "=", ""],
    ["", made("span", "result", shownNumber(card.data)), ""],
  ]);
  return [computed, ...notedEquations(player, place)];
}

/** Return the local derivatives that an operation notes on its edges, where they are few. */
function notedEquations(player, place) {
  const { cards, edges } = player.model;
  const noted = edges.filter((edge) => edge.user === place && edge.flows);
  if (noted.length === 0 || noted.length > MOST_NAMED) return [];
  const columns = noted.flatMap((edge, i) => [
    ...(i === 0 ? [] : [[made("span", "gap"), "", ""]]),
    [derivative(cards[place].name, cards[edge.operand].name, "user", "operand"), "", ""],
    ["=", "", ""],
    ...(edge.formula.length === 0 ? [] : [[made("span", "formula", formulaCells(edge, cards[place])), "", ""], ["=", "", ""]]),
    [made("span", "numbers", plainNumber(edge.partial)), "", ""],
  ]);
  const math = aligned(columns);
  const caption = made("p", "caption", noted.length === 1 ? "local derivative, noted on the edge" : "local derivatives, noted on the edges");
  return [made("div", "beside", math, caption)];
}

/** Return one cell for each token of a formula; what is raised stays with what it is raised on. */
function cells(formula, card, shown, numeric = false) {
  const found = [];
  formula.forEach((token, i) => {
    if (Array.isArray(token)) {
      found[found.length - 1] = made("span", "raised", found.at(-1), made("sup", "", cells(token, card, shown, numeric)));
    } else if (typeof token === "string") {
      found.push(made("span", "sign", token));
    } else if (token < 0) {
      found.push(symbol(card.name, "user"));
    } else {
      const operand = card.operands[token];
      const base = numeric && Array.isArray(formula[i + 1]) && !(operand.data >= 0);
      found.push(base ? made("span", "", "(", shown(operand), ")") : shown(operand));
    }
  });
  return found;
}

function seedEquation(player, chipClass) {
  const root = player.model.cards[player.root].name;
  return [aligned([[derivative(root, root, "root", "root"), "", ""], ["=", "", ""], [chip(1, chipClass(1)), "", ""]])];
}

function flowEquation(player, flow, edge, chipClass) {
  const { cards } = player.model;
  const root = cards[player.root].name;
  const user = cards[edge.user];
  const operand = cards[edge.operand].name;
  const local = edge.formula.length === 0 ? "local derivative" : ["local = ", made("span", "formula", formulaCells(edge, user))];
  const product = aligned([
    [derivative(root, operand, "root", "operand"), "", ""],
    ["+=", "=", ""],
    [derivative(root, user.name, "root", "user"), chip(flow.upstream, chipClass(flow.upstream)), "upstream"],
    ["·", "·", ""],
    [derivative(user.name, operand, "user", "operand"), plainNumber(edge.partial), local],
    ["", "=", ""],
    ["", chip(flow.contribution, chipClass(flow.contribution)), "contribution"],
  ]);
  const complete = player.arrived[edge.operand] === player.expected[edge.operand];
  const sum = aligned([
    [derivative(root, operand, "root", "operand"), "", ""],
    ["=", "", ""],
    [flow.before === 0 ? plainNumber(0) : chip(flow.before, chipClass(flow.before)), "before", ""],
    ["+", "", ""],
    [chip(flow.contribution, chipClass(flow.contribution)), "contribution", ""],
    ["=", "", ""],
    [chip(flow.after, chipClass(flow.after)), complete ? "complete" : "so far", ""],
  ]);
  sum.classList.add("sum");
  return [product, made("div", "beside", sum)];
}

function hookEquation(player, hook, chipClass) {
  const { cards } = player.model;
  const gradient = derivative(cards[player.root].name, cards[hook.card].name, "root", "user");
  const changed = aligned([
    [gradient, "", ""],
    ["=", "", ""],
    [chip(hook.before, chipClass(hook.before)), "before", ""],
    ["→", "", ""],
    [chip(hook.after, chipClass(hook.after)), "after the hook", ""],
  ]);
  changed.classList.add("sum");
  return [changed];
}

function formulaCells(edge, user) {
  return cells(edge.formula, user, (operand) => operandSymbol(operand, ""));
}

/** Return an operand's name; a number without a card stands for itself. */
function operandSymbol(operand, role) {
  return operand.card === null ? made("span", "", operand.name) : symbol(operand.name, role);
}
