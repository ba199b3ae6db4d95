"use strict";
// What cards and arrows say, for eyes and for screen readers. Knows no document.

/** Return what a card is, in words. */
function cardWords(folded, id) {
  return folded.isBranch(id) ? branchWords(folded, id) : valueWords(folded, id);
}

function branchWords(folded, id) {
  const { count, params, rms, largest, where, bad } = folded.summary(id);
  const parts = [`${folded.title(id)}, closed: ${counted(count, "value")}${params > 0 ? `, ${counted(params, "parameter")}` : ""}`];
  if (rms !== null) parts.push(`gradients${params > 0 ? " of the parameters" : ""}: root mean square ${shownNumber(rms)}, the largest ${shownNumber(largest)}${where === null ? "" : ` at ${folded.cards[where].name}`}`);
  if (bad > 0) parts.push(`${bad} gradients are not finite`);
  return `${parts.join("; ")}.`;
}

function valueWords(folded, id) {
  const card = folded.cards[id];
  const name = card.label.length > card.name.length ? card.label : card.name;
  const parts = [card.word ? `${name}, ${card.word}` : name];
  const made = madeOf(folded, id);
  if (made) parts.push(made);
  parts.push(`data ${exactNumber(card.data)}`);
  if (card.constant) parts.push("no gradient is asked for");
  else parts.push(card.gradient === null ? "no gradient before backward()" : `gradient ${exactNumber(card.gradient)}`);
  return `${parts.join(", ")}.`;
}

/** Return how a value was made, "w × x"; nothing for a leaf. */
function madeOf(folded, id) {
  const { sign } = folded.cards[id];
  const names = folded.into[id].map(({ operand }) => folded.shortName(operand));
  if (!sign) return "";
  if (names.length === 2 && !/[\p{L}]/u.test(sign)) return `${names[0]} ${sign} ${names[1]}`;
  return `${sign}(${names.slice(0, 4).join(", ")}${names.length > 4 ? ", …" : ""})`;
}

/** Return what flows back along an arrow. */
function arrowWords(folded, { from, to, edges }) {
  if (edges.length > 1) return `${counted(edges.length, "use")} of ${folded.title(from)} by ${folded.title(to)}: open the cards to see each.`;
  return edgeWords(folded, edges[0]);
}

function edgeWords(folded, { operand, user, partial, contribution, remark }) {
  const [x, y, root] = [folded.cards[operand].name, folded.cards[user].name, folded.cards[folded.root].name];
  if (folded.cards[operand].constant) return `${y} uses the number ${x}: no gradient is asked for.`;
  const local = `∂${y}/∂${x} = ${shownNumber(partial)}${remark ? ` (${remark})` : ""}`;
  if (contribution === null) return `Local derivative ${local}; nothing has flowed back before backward().`;
  const upstream = folded.cards[user].gradient;
  const shared = folded.from[operand].length;
  const more = shared > 1 ? `, one of ${shared} that add up to ${shownNumber(folded.cards[operand].gradient)}` : "";
  return `∂${root}/∂${x} += upstream × local = ∂${root}/∂${y} · ∂${y}/∂${x} = ${shownNumber(upstream)} · ${shownNumber(partial)} = ${shownNumber(contribution)}${more}${remark ? ` (${remark})` : ""}.`;
}

function counted(count, word) {
  return `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;
}
