"use strict";
// What each epoch says: for eyes and for screen readers. Knows no document.

const MOST_LAYERS = 4; // named one by one
const VANISHING = 1e-3; // the first layer's gradient as a share of the last one's

function epochSentence(film, position) {
  const epoch = film.epochs[position];
  const said = [epoch === 0 ? "Before training: the model as it was made." : `Epoch ${epoch} of ${film.total}.`];
  const loss = film.loss(position);
  if (loss !== null) said.push(lossSentence(film, epoch, loss, film.loss(position, film.validation)));
  said.push(`Weights, root mean square: ${sizes(film, film.weights[position])}.`);
  const gradients = film.gradients[position];
  if (gradients !== null) said.push(`Gradients: ${sizes(film, gradients)}.`, ...vanishing(film, gradients));
  return said.join(" ").trim();
}

function lossSentence(film, epoch, loss, heldOut) {
  const first = film.losses[0];
  const change = epoch === 1 || !(first > 0) || !Number.isFinite(loss) ? "" : `, ${changed(loss / first)} epoch 1`;
  return `Mean loss ${shownNumber(loss)}${change}${heldOut === null ? "" : `; held out ${shownNumber(heldOut)}`}.`;
}

function changed(share) {
  const percent = (100 * Math.abs(share - 1)).toFixed(0);
  if (percent === "0") return "as in";
  return `${percent}% ${share < 1 ? "below" : "above"}`;
}

function sizes(film, numbers) {
  const each = film.layers.map((layer) => `${layer.name} ${shownNumber(film.size(numbers, layer))}`);
  if (each.length <= MOST_LAYERS) return each.join(", ");
  return `${each[0]}, …, ${each.at(-1)}`;
}

function vanishing(film, gradients) {
  const first = film.size(gradients, film.layers[0]);
  const last = film.size(gradients, film.layers.at(-1));
  if (film.layers.length < 2 || !(last > 0) || first >= VANISHING * last) return [];
  return ["The first layer's gradient has all but vanished: it is less than a thousandth of the last one's."];
}

/** Return what a cell holds, in words. */
function cellSentence(film, position, matrix, row, column) {
  const i = row * matrix.columns + column;
  if (matrix.absent.has(i)) return "no connection";
  const weight = film.weights[position][matrix.begin + i];
  const gradients = film.gradients[position];
  const gradient = gradients === null ? "" : `, gradient ${shownNumber(gradients[matrix.begin + i])}`;
  const before = position === 0 ? "" : ` (${shownNumber(film.weights[0][matrix.begin + i])} at first)`;
  return `${shownNumber(weight)}${before}${gradient}`;
}
