"use strict";
// What each step says: one sentence for eyes and for screen readers. Knows no document.

const MOST_NAMED = 4; // operands named one by one

/** Return the sentences for the step the player is at. */
function sentence(player) {
  const { phase, card, flow, edge, hook } = player.step();
  if (phase === "start") return startSentence(player);
  if (phase === "forward") return forwardSentence(player, card);
  if (phase === "seed") return seedSentence(player);
  if (phase === "hook") return hookSentence(player, hook);
  return flowSentence(player, flow, edge);
}

function startSentence(player) {
  const root = player.model.cards[player.root];
  if (player.seed === 1) return `${root.name} was made by no operation: nothing is computed.`;
  const count = player.seed - 1;
  return `The leaves have their numbers. ${count === 1 ? "One operation follows" : `${count} operations follow`}.`;
}

function forwardSentence(player, place) {
  const card = player.model.cards[place];
  const names = flatText(card.formula, card, (operand) => operand.name);
  const numbers = flatText(card.formula, card, (operand) => shownNumber(operand.data));
  const result = shownNumber(card.data);
  const how = [names, numbers, result].filter((text, i, all) => text !== all[i - 1]).join(" = ");
  return `Forward: ${card.name} = ${how}. ${notedSentence(player, place)}`.trim();
}

function notedSentence(player, place) {
  const { cards, edges } = player.model;
  const noted = edges.filter((edge) => edge.user === place && edge.flows);
  if (noted.length === 0) return "";
  if (noted.length > MOST_NAMED) return "Noted on its edges, for the way back: its local derivatives.";
  const each = noted.map((edge) => `${shownNumber(edge.partial)} for ${cards[edge.operand].name}`);
  const what = each.length === 1 ? "edge, for the way back: its local derivative" : "edges, for the way back: its local derivatives";
  return `Noted on its ${what}, ${listed(each)}.`;
}

function seedSentence(player) {
  const root = player.model.cards[player.root];
  const done = player.last === player.seed ? " That is all." : " From here the chain rule goes back, edge by edge.";
  return `Backward: ${root.name} moves exactly as much as itself, so its own gradient is 1.${done}`;
}

function flowSentence(player, flow, edge) {
  const { cards } = player.model;
  const user = cards[edge.user].name;
  const operand = cards[edge.operand].name;
  const said = [handedSentence(flow, edge, user, operand)];
  const count = player.arrived[edge.operand];
  const expected = player.expected[edge.operand];
  const sum = `${shownNumber(flow.before)} + ${shownNumber(flow.contribution)} = ${shownNumber(flow.after)}`;
  const gradient = count === 1 ? shownNumber(flow.after) : sum;
  if (count < expected) said.push(`The gradient of ${operand} so far, from ${count} of its ${expected} uses: ${gradient}.`);
  else said.push(`The gradient of ${operand} is complete: ${gradient}.`);
  return said.join(" ") + ending(player);
}

function hookSentence(player, hook) {
  const name = player.model.cards[hook.card].name;
  const change = `from ${shownNumber(hook.before)} to ${shownNumber(hook.after)}`;
  return `Backward: a hook of ${name} changes its gradient ${change}.${ending(player)}`;
}

function ending(player) {
  return player.position === player.last ? " That was the last step." : "";
}

function handedSentence(flow, edge, user, operand) {
  if (flow.upstream === 0) return `Backward: the gradient of ${user} is 0, so nothing flows back to ${operand}.`;
  const remark = edge.remark ? ` (${edge.remark})` : "";
  if (edge.partial === 0) return `Backward: ${user} does not move with ${operand}${remark || " here"}, so nothing flows back.`;
  const product = `${shownNumber(flow.upstream)} · ${shownNumber(edge.partial)} = ${shownNumber(flow.contribution)}`;
  return `Backward: ${user} hands ${operand} its own gradient times the local derivative, ${product}${remark}.`;
}

/** Return what a card is, in words: for screen readers, and when the pointer rests on it. */
function cardSentence(player, place) {
  const card = player.model.cards[place];
  const parts = [card.name];
  if (card.label.length > card.name.length) parts[0] = card.label;
  if (card.word) parts.push(card.word);
  if (card.sign) parts.push(flatText(card.formula, card, (operand) => operand.name));
  parts.push(player.computed[place] ? `data ${exactNumber(card.data)}` : "not computed yet");
  if (card.constant) return [...parts, "no gradient is asked for"].join(", ");
  const gradient = player.gradients[place];
  if (player.isComplete(place)) parts.push(`gradient ${exactNumber(gradient ?? 0)}, complete`);
  else if (gradient === null) parts.push("no gradient yet");
  else parts.push(`gradient so far ${exactNumber(gradient)}, ${player.arrived[place]} of ${player.expected[place]} uses`);
  if (card.where) parts.push(card.where);
  return parts.join(", ");
}

/** Return a formula as one line of text, with `shown` of each operand in its place. */
function flatText(formula, card, shown) {
  return formula
    .map((token, i) => {
      if (typeof token === "string") return token;
      if (Array.isArray(token)) return raised(flatText(token, card, shown));
      const text = token < 0 ? card.name : shown(card.operands[token]);
      return Array.isArray(formula[i + 1]) && text.startsWith("−") ? `(${text})` : text;
    })
    .join("");
}

const RAISED = { 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹", "−": "⁻" };

function raised(text) {
  const digits = [...text].map((character) => RAISED[character]);
  return digits.includes(undefined) ? `^(${text})` : digits.join("");
}

function listed(texts) {
  if (texts.length < 2) return texts.join("");
  return `${texts.slice(0, -1).join(", ")} and ${texts.at(-1)}`;
}
